import type { Authority, CopySpec } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Client } from "../api/call/client.ts";
import { detachFromNetwork } from "../api/server-actions.ts";
import { MACHINE } from "../labels.ts";
import { claimServer, refuseLaterLease } from "../server/claimed-server.ts";
import { copyServers } from "../server/copy-servers.ts";
import { protect } from "../server/rewrite-disk.ts";
import { settledServer } from "../server/running-server.ts";

const DETACH_MS = 60_000;

/**
 * Lifts the protection of the servers of these machines, which Terraform then deletes. It deletes
 * and creates at the same time, so a server whose private address another machine gets gives it up
 * before.
 */
export async function unprotect(
  client: Client,
  { copy, names }: { readonly copy: CopySpec; readonly names: readonly string[] },
  by: Authority,
): Promise<void> {
  const { signal } = by;
  for (const { labels } of await copyServers(client, copy, signal)) {
    const name = labels[MACHINE];
    if (name === undefined || !names.includes(name)) continue;
    const server = await claimServer(client, { copy, name }, by);
    const settled = await settledServer(client, server, signal);
    refuseLaterLease(settled, by.fence);
    await protect(client, settled, { isProtected: false, signal });
    for (const { network, ip } of settled.private_net) {
      const isWanted = copy.machines.some((one) => one.lanAddress === ip && one.name !== name);
      if (!isWanted) continue;
      const actions = await detachFromNetwork(client, { of: settled, network, signal });
      const task = `take the server "${settled.name}" out of its network`;
      await awaitActions(client, { actions, task, timeoutMs: DETACH_MS, signal });
    }
  }
}
