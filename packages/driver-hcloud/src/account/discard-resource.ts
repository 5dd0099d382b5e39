import {
  VmrigError,
  type Authority,
  type CopySpec,
  type Fence,
  type FoundResource,
} from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Action } from "../api/action/action.ts";
import type { Client } from "../api/call/client.ts";
import { deleteFirewall, listFirewalls, removeFirewallFrom } from "../api/firewalls.ts";
import { deleteNetwork, listNetworks } from "../api/networks.ts";
import { deletePlacementGroup, listPlacementGroups } from "../api/placement-groups.ts";
import { deleteServer, readServer, type Server } from "../api/servers.ts";
import { deleteSshKey, listSshKeys } from "../api/ssh-keys.ts";
import { copyLabels, hasLabelsOf } from "../labels.ts";
import { refuseLaterLease } from "../server/claimed-server.ts";
import { protect } from "../server/rewrite-disk.ts";
import { settledServer } from "../server/running-server.ts";

const DELETE_MS = 300_000;

/**
 * Deletes a resource that no state has. Reads it again before, so that it deletes nothing that has
 * not the labels of the copy by now.
 */
export async function discardResource(
  client: Client,
  { copy, found }: { readonly copy: CopySpec; readonly found: FoundResource },
  by: Authority,
): Promise<void> {
  const { signal } = by;
  const type = found.address.slice(0, found.address.indexOf("."));
  const id = Number(found.id.split("-")[0]);
  const labels = copyLabels(copy);
  const isThere = (all: ReadonlyArray<{ readonly id: number }>): boolean =>
    all.some((one) => one.id === id);
  const of = { id };
  switch (type) {
    case "hcloud_server":
      return await discardServer(client, { copy, id }, by);
    case "hcloud_network_subnet":
      return; // It goes with its network.
    case "hcloud_network":
      if (isThere(await listNetworks(client, { labels, signal })))
        await done(client, await deleteNetwork(client, { of, signal }), found, signal);
      return;
    case "hcloud_firewall": {
      const firewall = (await listFirewalls(client, { labels, signal })).find(
        (one) => one.id === id,
      );
      const servers = firewall?.applied_to.flatMap(({ server }) => server?.id ?? []) ?? [];
      const [first, ...others] = servers;
      if (first !== undefined) {
        const removed = { of, servers: [first, ...others] as const, signal };
        await done(client, await removeFirewallFrom(client, removed), found, signal);
      }
      if (firewall !== undefined)
        await done(client, await deleteFirewall(client, { of, signal }), found, signal);
      return;
    }
    case "hcloud_placement_group":
      if (isThere(await listPlacementGroups(client, { labels, signal })))
        await done(client, await deletePlacementGroup(client, { of, signal }), found, signal);
      return;
    case "hcloud_ssh_key":
      if (isThere(await listSshKeys(client, { labels, signal })))
        await done(client, await deleteSshKey(client, { of, signal }), found, signal);
      return;
    default:
      throw new VmrigError("INTERNAL", { message: `hcloud does not know ${found.address}.` });
  }
}

/** Deletes a server of a copy with its disk. Succeeds when it is gone. */
export async function discardServer(
  client: Client,
  { copy, id }: { readonly copy: CopySpec; readonly id: number },
  { fence, signal }: Authority,
): Promise<void> {
  const seen = await readServer(client, { id, signal });
  if (seen === undefined || seen.status === "deleting" || !hasLabelsOf(copy, seen.labels)) return;
  refuseLaterLease(seen, fence);
  await deleteWholeServer(client, seen, { fence, signal });
}

/** Deletes a server with its disk, also one that is protected. */
export async function deleteWholeServer(
  client: Client,
  seen: Server,
  { fence, signal }: { readonly fence?: Fence | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const server = await settledServer(client, seen, signal);
  // The wait may have taken minutes.
  if (fence !== undefined) refuseLaterLease(server, fence);
  await protect(client, server, { isProtected: false, signal });
  const actions = await deleteServer(client, { of: server, signal });
  const task = `delete the server "${server.name}"`;
  await awaitActions(client, { actions, task, timeoutMs: DELETE_MS, signal });
}

async function done(
  client: Client,
  actions: readonly Action[],
  { location }: FoundResource,
  signal: AbortSignal,
): Promise<void> {
  await awaitActions(client, { actions, task: `delete ${location}`, timeoutMs: DELETE_MS, signal });
}
