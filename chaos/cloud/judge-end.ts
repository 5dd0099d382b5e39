import type { Violation } from "../judge/violation.ts";
import type { ChaosRig } from "../rig/chaos-rig.ts";
import type { Cloud, CloudResource } from "./cloud.ts";
import { runVmrig } from "../rig/run-vmrig.ts";

/** Types of Terraform's resources, and what the double calls them. */
const TYPES: Readonly<Record<string, string>> = {
  hcloud_server: "servers",
  hcloud_network: "networks",
  hcloud_firewall: "firewalls",
  hcloud_placement_group: "placementGroups",
  hcloud_ssh_key: "sshKeys",
};

interface StateText {
  readonly resources: readonly {
    readonly mode: string;
    readonly type: string;
    readonly instances: readonly { readonly attributes?: { readonly id?: string } }[];
  }[];
}

/** Returns the resources of a state, as the API names them. */
export function resourcesInState(text: string): string[] {
  return (JSON.parse(text) as StateText).resources.flatMap(({ mode, type, instances }) => {
    const kind = TYPES[type];
    if (mode !== "managed" || kind === undefined) return [];
    return instances.map(({ attributes }) => `${kind} ${attributes?.id ?? "-"}`);
  });
}

/** Checks that the cloud and the states have the same resources. */
export function judgeResources(
  inStates: readonly string[],
  resources: readonly CloudResource[],
): Violation[] {
  // A primary IP belongs to its server, which the API deletes it with.
  const own = resources.filter(({ kind }) => kind !== "primaryIps");
  const ids = own.map(({ kind, id }) => `${kind} ${id}`);
  return [
    ...own
      .filter(({ kind, id }) => !inStates.includes(`${kind} ${id}`))
      .map(({ kind, id, name }) => `no state knows ${kind} ${id} "${name}"`),
    ...inStates
      .filter((one) => !ids.includes(one))
      .map((one) => `a state has ${one}, which does not exist`),
  ].map((what): Violation => ({ promise: "known", what }));
}

/** Compares the cloud with the states of all copies, and with what `vmrig sweep` says. */
export async function judgeEnd(
  rig: ChaosRig,
  cloud: Cloud,
  copies: readonly string[],
): Promise<Violation[]> {
  const states = await Promise.all(
    copies.map((copy) => runVmrig(rig, ["state", "pull", "--copy", copy])),
  );
  const inStates = states.flatMap(({ stdout }) => resourcesInState(stdout));
  const swept = await runVmrig(rig, ["sweep"]);
  const orphans = swept.stdout.split("\n").filter((line) => line !== "");
  return [
    ...judgeResources(inStates, await cloud.resources()),
    ...orphans.map((line): Violation => ({ promise: "known", what: `vmrig sweep: ${line}` })),
  ];
}
