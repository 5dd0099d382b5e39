import { randomBytes } from "node:crypto";
import { reference, type CopySpec, type MachineSpec, type RigStack } from "vmrig/driver";
import type { Labels } from "../api/call/label-selector.ts";
import { VARIABLES } from "../account/account.ts";
import { controlKey, firstHostKey } from "../keys.ts";
import { BOOT, copyLabels, DISK, FENCE, IMAGE, MACHINE, OWN_LABELS, OWNER } from "../labels.ts";
import type { Placement } from "./placement.ts";
import { userData } from "./user-data.ts";

/** Measured with this version; another one may plan replacements where this one plans none. */
const PROVIDER = { name: "hcloud", source: "hetznercloud/hcloud", version: "1.68.0" } as const;

/** Names in the stack. Names of machines have no underscore, so they cannot clash. */
export const KEY = "vmrig_control";
export const NETWORK = "vmrig_lan";
export const SUBNET = "vmrig_subnet";
export const FIREWALL = "vmrig_firewall";
export const GROUP = "vmrig_group";

/** The machines' addresses are in the first /24, and its first address is the gateway. */
export function lanPrefixOf(range: string): string {
  return range.split(".").slice(0, 3).join(".");
}

/** What depends on the cloud and on the config. Missing for a stack that only destroys. */
export interface CopyPlan {
  readonly zone: string;
  /** Id of the published image. */
  readonly image: number;
  /** Its digest, as a label. */
  readonly digest: string;
  readonly ssh: readonly string[];
  /** Private network: `10.77.0.0/16`. */
  readonly range: string;
  readonly placements: ReadonlyMap<string, Placement>;
  /** Names of the machines in the placement group. */
  readonly grouped: ReadonlySet<string>;
  /** Names of machines whose address changes before that of the key. */
  readonly waitsFor: ReadonlyMap<string, string>;
  readonly secret: string;
}

/** Placeholders: Terraform destroys by id. */
const NO_PLAN: CopyPlan = {
  zone: "eu-central",
  image: 1,
  digest: "none",
  ssh: ["0.0.0.0/32"],
  range: "10.77.0.0/16",
  placements: new Map(),
  grouped: new Set(),
  waitsFor: new Map(),
  secret: "",
};

/** Adds a copy to the stack: key, network, firewall, placement group and one server per machine. */
export function declareCopy(
  stack: RigStack,
  {
    copy,
    owner,
    plan = NO_PLAN,
  }: { readonly copy: CopySpec; readonly owner: string; readonly plan?: CopyPlan | undefined },
): void {
  const labels = { ...copyLabels(copy), [OWNER]: owner };
  const { publicKey } = controlKey(plan.secret);
  stack.provider({
    ...PROVIDER,
    // The provider's own pause grows to a minute, and a constant one of 500 ms empties the project's
    // hourly budget.
    settings: { poll_interval: "1s", poll_function: "constant" },
    environment: VARIABLES,
  });
  stack.resource({
    type: "hcloud_ssh_key",
    name: KEY,
    attributes: { name: copy.copy, public_key: publicKey, labels },
  });
  stack.resource({
    type: "hcloud_network",
    name: NETWORK,
    attributes: { name: copy.copy, ip_range: plan.range, labels },
  });
  stack.resource({
    type: "hcloud_network_subnet",
    name: SUBNET,
    attributes: {
      network_id: reference(`hcloud_network.${NETWORK}`, "id"),
      type: "cloud",
      network_zone: plan.zone,
      ip_range: `${lanPrefixOf(plan.range)}.0/24`,
    },
    dependsOn: [NETWORK],
  });
  stack.resource({
    type: "hcloud_firewall",
    name: FIREWALL,
    attributes: {
      name: copy.copy,
      labels,
      rule: [{ direction: "in", protocol: "tcp", port: "22", source_ips: [...plan.ssh] }],
    },
  });
  stack.resource({
    type: "hcloud_placement_group",
    name: GROUP,
    attributes: { name: copy.copy, type: "spread", labels },
  });
  for (const machine of inOrder(copy.machines, plan.waitsFor))
    declareServer(stack, { copy, machine, labels, plan });
}

/** A stack names only what it has already. */
function inOrder(
  machines: readonly MachineSpec[],
  waitsFor: ReadonlyMap<string, string>,
): readonly MachineSpec[] {
  const depth = (name: string): number => {
    const before = waitsFor.get(name);
    return before === undefined ? 0 : depth(before) + 1;
  };
  return machines.toSorted((a, b) => depth(a.name) - depth(b.name));
}

interface ServerOptions {
  readonly copy: CopySpec;
  readonly machine: MachineSpec;
  readonly labels: Labels;
  readonly plan: CopyPlan;
}

function declareServer(stack: RigStack, { copy, machine, labels, plan }: ServerOptions): void {
  const { name, lanAddress } = machine;
  const { location, serverType } = plan.placements.get(name) ?? {};
  const grouped = plan.grouped.has(name);
  const before = plan.waitsFor.get(name);
  const nonce = randomBytes(16).toString("hex");
  const hostKey = firstHostKey(plan.secret, nonce);
  const { publicKey } = controlKey(plan.secret);
  stack.resource({
    type: "hcloud_server",
    name,
    attributes: {
      name: `${copy.copy}-${name}`,
      server_type: serverType ?? "none",
      image: `${plan.image}`,
      ...(location !== undefined && { location }),
      ssh_keys: [reference(`hcloud_ssh_key.${KEY}`, "id")],
      user_data: userData({ hostname: name, hostKey, controlKey: publicKey }),
      firewall_ids: [reference(`hcloud_firewall.${FIREWALL}`, "id")],
      ...(grouped && { placement_group_id: reference(`hcloud_placement_group.${GROUP}`, "id") }),
      public_net: [{ ipv4_enabled: true, ipv6_enabled: false }],
      // Without `alias_ips` every plan would detach the server from the network and attach it.
      network: [
        {
          subnet_id: reference(`hcloud_network_subnet.${SUBNET}`, "id"),
          ip: lanAddress,
          alias_ips: [],
        },
      ],
      // The disk would grow for good, and the next smaller type be refused.
      keep_disk: true,
      delete_protection: true,
      rebuild_protection: true,
      labels: {
        ...labels,
        [MACHINE]: name,
        [IMAGE]: plan.digest,
        [DISK]: plan.digest,
        [BOOT]: nonce,
        [FENCE]: "0",
      },
    },
    dependsOn: [
      KEY,
      SUBNET,
      FIREWALL,
      // Also one that is not in it: a declaration for destroying does not know which ones are.
      GROUP,
      ...(before === undefined ? [] : [before]),
    ],
    // An imported server has no `public_net` in the state, and vmrig rebuilds it from newer images.
    ignoreChanges: [
      "image",
      "user_data",
      "ssh_keys",
      "public_net",
      ...OWN_LABELS.map((label) => `labels["${label}"]`),
    ],
    disruptive: ["server_type", "placement_group_id"],
  });
}
