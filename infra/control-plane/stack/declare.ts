import {
  reference,
  type StackProvider,
  type StackResource,
} from "../../../packages/vmrig/src/driver/rig-stack.ts";
import type { Config } from "../config.ts";
import { Template } from "./template.ts";

/** The version that docs/drivers/hcloud.md was measured with. */
export const PROVIDER: StackProvider = {
  name: "hcloud",
  source: "hetznercloud/hcloud",
  version: "1.68.0",
  // The provider's own pause grows to a minute, and a constant one of 500 ms empties the project's
  // hourly budget.
  settings: { poll_interval: "1s", poll_function: "constant" },
  environment: ["HCLOUD_TOKEN", "HCLOUD_ENDPOINT"],
};

export const REDIS_PORT = 6379;
export const SERVER = "hcloud_server.control";
export const ADDRESS = "hcloud_primary_ip.address";
const VOLUME = "hcloud_volume.data";

/** Label of every resource. `vmrig sweep` looks for other ones, so it leaves them alone. */
const LABEL = "vmrig-control-plane";

/** Attributes whose change in place stops the server. */
export const DISRUPTIVE = { hcloud_server: ["server_type", "public_net", "placement_group_id"] };

/** Stand for values that Terraform knows later, in the settings of the server. */
export const LATER = { address: "@address@", device: "@device@" } as const;

export interface ServerInput {
  readonly config: Config;
  /** Public key of the operator. */
  readonly controlKey: string;
  /** With {@link LATER} in it. */
  readonly userData: string;
}

/**
 * Returns what must outlive the server: its address, which is in the certificate and in every
 * `VMRIG_REDIS_URL`, and the volume with the data and the secrets.
 *
 * @param options.protect whether the cloud refuses to delete them
 */
export function declareLasting(
  config: Config,
  { protect }: { readonly protect: boolean },
): readonly StackResource[] {
  const { name, location, volumeGb } = config;
  const common = { name, location, labels: { [LABEL]: name }, delete_protection: protect };
  return [
    {
      type: "hcloud_primary_ip",
      name: "address",
      attributes: { ...common, type: "ipv4", auto_delete: false },
    },
    // No `format`: the server formats it when it is blank, and never otherwise.
    { type: "hcloud_volume", name: "data", attributes: { ...common, size: volumeGb } },
  ];
}

/** Returns the resources around the lasting ones. A new server takes over their contents. */
export function declareServer({
  config,
  controlKey,
  userData,
}: ServerInput): readonly StackResource[] {
  const { name, location, serverType, allow } = config;
  const labels = { [LABEL]: name };
  const rule = (port: number, sources: readonly string[], description: string) => ({
    direction: "in",
    protocol: "tcp",
    port: String(port),
    source_ips: [...sources],
    description,
  });
  return [
    {
      type: "hcloud_ssh_key",
      name: "operator",
      attributes: { name, public_key: controlKey, labels },
    },
    {
      type: "hcloud_firewall",
      name: "redis",
      attributes: {
        name,
        labels,
        rule: [rule(22, allow.ssh, "operators"), rule(REDIS_PORT, allow.redis, "laptops and CI")],
      },
    },
    {
      type: "hcloud_server",
      name: "control",
      attributes: {
        name,
        server_type: serverType,
        image: "debian-13",
        location,
        ssh_keys: [reference("hcloud_ssh_key.operator", "id")],
        user_data: new Template(userData, {
          [LATER.address]: reference(ADDRESS, "ip_address"),
          [LATER.device]: reference(VOLUME, "linux_device"),
        }),
        firewall_ids: [reference("hcloud_firewall.redis", "id")],
        public_net: [{ ipv4_enabled: true, ipv4: reference(ADDRESS, "id"), ipv6_enabled: false }],
        keep_disk: true,
        // They contain the disk, and so the daily copy of the data.
        backups: true,
        shutdown_before_deletion: true,
        labels,
      },
    },
    {
      type: "hcloud_volume_attachment",
      name: "data",
      attributes: {
        volume_id: reference(VOLUME, "id"),
        server_id: reference(SERVER, "id"),
        automount: false,
      },
    },
  ];
}
