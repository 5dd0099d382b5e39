import type { CopySpec } from "vmrig/driver";
import type { Server } from "../api/servers.ts";
import { MACHINE } from "../labels.ts";

/** Servers that a placement group can have. */
const MOST_IN_GROUP = 10;

/**
 * Returns the machines whose servers are in the placement group of the copy: those that are in it,
 * and new ones while it has room. To enter or leave it, a server must be off, so that a larger
 * config, or another order of its machines, moves none.
 */
export function groupMembers(copy: CopySpec, existing: readonly Server[]): ReadonlySet<string> {
  const servers = new Map(existing.map((server) => [server.labels[MACHINE] ?? "", server]));
  const names = copy.machines.map(({ name }) => name);
  // Also those that the config does not have any more: they leave when they are deleted.
  const inside = existing.filter((server) => server.placement_group).length;
  const fresh = names
    .filter((name) => !servers.has(name))
    .slice(0, Math.max(0, MOST_IN_GROUP - inside));
  const members = names.filter((name) => servers.get(name)?.placement_group);
  return new Set([...members, ...fresh]);
}
