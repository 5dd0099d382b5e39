import type { Authority, CopySpec } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { MACHINE } from "../labels.ts";
import { claimServer, refuseLaterLease } from "../server/claimed-server.ts";
import { copyServers } from "../server/copy-servers.ts";
import { protect } from "../server/rewrite-disk.ts";
import { settledServer } from "../server/running-server.ts";

/** Lifts the protection of the servers of these machines, which Terraform then deletes. */
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
  }
}
