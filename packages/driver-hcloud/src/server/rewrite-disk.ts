import { randomBytes } from "node:crypto";
import type { Authority, MachineRef } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Client } from "../api/call/client.ts";
import type { Labels } from "../api/call/label-selector.ts";
import { protectServer, rebuildServer } from "../api/server-actions.ts";
import type { Server } from "../api/servers.ts";
import { controlKey, firstHostKey, secretIn } from "../keys.ts";
import { BOOT, DISK, HOST_KEY, IMAGE, without, withSnapshots } from "../labels.ts";
import { imageOfDigest } from "../published-image.ts";
import { userData } from "../stack/user-data.ts";
import { changeLabels, claimServer } from "./claimed-server.ts";
import { settledServer } from "./running-server.ts";

/** A custom image is copied to the host first: 15 minutes were reported. */
const REBUILD_MS = 1_800_000;
const PROTECT_MS = 60_000;

/**
 * Writes the image of the config to the disk of a server again, which then starts. Id and addresses
 * stay; snapshots and host key are gone. May be cut at any point: the label of the disk's image is
 * removed before, and set after.
 */
export async function rewriteDisk(
  client: Client,
  found: Server,
  { ref, by }: { readonly ref: MachineRef; readonly by: Authority },
): Promise<Server> {
  const { signal } = by;
  const secret = secretIn(by);
  const digest = found.labels[IMAGE] ?? "";
  const image = await imageOfDigest(client, { digest, signal });
  // 1. Forget what is on the disk.
  const nonce = randomBytes(16).toString("hex");
  let server = await settledServer(client, found, signal);
  const forget = (labels: Labels): Labels => ({
    ...without(withSnapshots(labels, []), DISK, HOST_KEY),
    [BOOT]: nonce,
  });
  server = await changeLabels(client, server, forget, by);
  // 2. Write it, without the protection.
  const task = `rebuild the server "${server.name}"`;
  await protect(client, server, { isProtected: false, signal });
  const user_data = userData({
    hostname: ref.name,
    hostKey: firstHostKey(secret, nonce),
    controlKey: controlKey(secret).publicKey,
  });
  const actions = await rebuildServer(client, { of: server, image, user_data, signal });
  await awaitActions(client, { actions, task, timeoutMs: REBUILD_MS, signal });
  server = await settledServer(client, server, signal);
  await protect(client, server, { isProtected: true, signal });
  // 3. Note what is on it.
  return await changeLabels(client, server, (labels) => ({ ...labels, [DISK]: digest }), by);
}

/** Writes the image again under a lease, see `Driver.rewrite`. */
export async function rewrite(client: Client, ref: MachineRef, by: Authority): Promise<void> {
  const server = await claimServer(client, ref, by);
  await rewriteDisk(client, server, { ref, by });
}

/** Switches the protection from deletion and rebuilding on or off. */
export async function protect(
  client: Client,
  of: Server,
  { isProtected, signal }: { readonly isProtected: boolean; readonly signal: AbortSignal },
): Promise<void> {
  if (of.protection.delete === isProtected && of.protection.rebuild === isProtected) return;
  const actions = await protectServer(client, { of, isProtected, signal });
  const task = `change the protection of the server "${of.name}"`;
  await awaitActions(client, { actions, task, timeoutMs: PROTECT_MS, signal });
}
