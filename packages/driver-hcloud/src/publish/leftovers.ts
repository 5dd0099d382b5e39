import type { Orphan } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Client } from "../api/call/client.ts";
import { subject, type Cancellable } from "../api/resource/kind.ts";
import { deleteServer, listServers, SERVERS, type Server } from "../api/servers.ts";
import { deleteSshKey, listSshKeys } from "../api/ssh-keys.ts";
import { isAbandoned, TEMPORARY } from "./temporary.ts";

const REMOVAL_MS = 300_000;

/**
 * Finds the temporary servers and keys of publishes that were killed, in the whole project. Never
 * one that a running publish uses, also on another computer.
 */
export async function findLeftovers(
  client: Client,
  { signal }: Cancellable = {},
): Promise<readonly Orphan[]> {
  const found: Orphan[] = [];
  for (const server of await listServers(client, { labels: TEMPORARY, signal }))
    if (await isAbandoned(client, server))
      found.push({
        what: `temporary server "${server.name}" (${server.id}) of an image publish that was killed, from ${day(server)}`,
        remove: () => removeServer(client, server),
      });
  for (const key of await listSshKeys(client, { labels: TEMPORARY, signal }))
    if (await isAbandoned(client, key))
      found.push({
        what: `temporary SSH key "${key.name}" (${key.id}) of an image publish that was killed, from ${day(key)}`,
        remove: async () => void (await deleteSshKey(client, { of: key })),
      });
  return found;
}

/** Removes what a publish has created under its name. A lost reply may have hidden it. */
export async function removeTemporary(client: Client, name: string): Promise<void> {
  const own = { labels: TEMPORARY, query: { name } };
  for (const server of await listServers(client, own)) await removeServer(client, server);
  for (const key of await listSshKeys(client, own)) await deleteSshKey(client, { of: key });
}

async function removeServer(client: Client, server: Server): Promise<void> {
  await awaitActions(client, {
    actions: await deleteServer(client, { of: server }),
    task: `delete ${subject(SERVERS, server)}`,
    timeoutMs: REMOVAL_MS,
  });
}

const day = ({ created }: { readonly created: string }): string => created.slice(0, 10);
