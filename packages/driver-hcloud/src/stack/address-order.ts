import { VmrigError, type CopySpec } from "vmrig/driver";
import type { Server } from "../api/servers.ts";
import { MACHINE } from "../labels.ts";

type Machines = Pick<CopySpec, "copy" | "machines">;

/**
 * Returns, for each machine whose private address another machine of the config still has, the name
 * of that one: it must move first, or the API refuses the address. The addresses follow the order
 * of the machines in the config.
 *
 * @throws VmrigError `CONFIG_INVALID` if machines exchange their addresses: none can move first
 */
export function addressOrder(
  { copy, machines }: Machines,
  existing: readonly Server[],
): ReadonlyMap<string, string> {
  const holders = new Map(
    existing.flatMap(({ labels, private_net }) =>
      private_net.map(({ ip }) => [ip, labels[MACHINE] ?? ""] as const),
    ),
  );
  const known = new Set(machines.map(({ name }) => name));
  const waitsFor = new Map<string, string>();
  for (const { name, lanAddress } of machines) {
    const holder = holders.get(lanAddress);
    if (holder !== undefined && holder !== name && known.has(holder)) waitsFor.set(name, holder);
  }
  for (const start of waitsFor.keys()) {
    const chain = [start];
    for (let next = waitsFor.get(start); next !== undefined; next = waitsFor.get(next)) {
      if (next === start) throw exchanged({ copy, machines }, chain, existing);
      if (chain.includes(next)) break;
      chain.push(next);
    }
  }
  return waitsFor;
}

function exchanged(
  { copy, machines }: Machines,
  names: readonly string[],
  existing: readonly Server[],
): Error {
  const present = existing
    .filter(({ labels }) => names.includes(labels[MACHINE] ?? ""))
    .map(({ labels, private_net }) => `${labels[MACHINE]} has ${private_net[0]?.ip}`);
  return new VmrigError("CONFIG_INVALID", {
    message: `The order of ${names.join(", ")} in the config gives the machines of ${copy} each other's private addresses.`,
    details: present.toSorted(),
    hint: `put them back into their earlier order in \`machines\`: the first one has ${machines[0]?.lanAddress}`,
  });
}
