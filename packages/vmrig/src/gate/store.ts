import { join } from "node:path";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import { EMBEDDED_SOCKET } from "../lease/embedded-socket.ts";
import { ping } from "../lease/ping.ts";
import type { RedisAddress } from "../lease/redis-address.ts";
import { openLeaseStore, type LeaseStore } from "../lease/lease-store.ts";
import { readTlsFiles } from "./tls-files.ts";

/** The Redis that the config or `VMRIG_REDIS_URL` names, else the embedded one of this user. */
export async function openStore(rig: ResolvedRig, folders: Folders, env: NodeJS.ProcessEnv = process.env): Promise<LeaseStore> {
  const redis = configuredRedis(rig.redis, env);
  if (redis !== undefined) return openLeaseStore({ redis, ...namespaceOf(rig.redis) });
  const { embeddedRedis } = await import("../lease/embedded-redis.ts");
  return openLeaseStore({ redis: await embeddedRedis(embeddedFolders(folders)), ...namespaceOf(rig.redis) });
}

/**
 * The same for looking only: nothing is started.
 *
 * @returns nothing when no Redis is named and the embedded one does not run: then nobody holds or waits for anything
 */
export async function openRunningStore(
  rig: ResolvedRig,
  folders: Folders,
  env: NodeJS.ProcessEnv = process.env,
): Promise<LeaseStore | undefined> {
  const redis = storeAddress(rig, folders, env);
  const embedded = configuredRedis(rig.redis, env) === undefined;
  if (embedded && "socketPath" in redis && (await ping(redis.socketPath)) === "dead") return undefined;
  return openLeaseStore({ redis, ...namespaceOf(rig.redis) });
}

/** Where leases are kept, whether somebody answers there or not. */
export function storeAddress(rig: ResolvedRig, folders: Folders, env: NodeJS.ProcessEnv = process.env): RedisAddress {
  return configuredRedis(rig.redis, env) ?? { socketPath: join(embeddedFolders(folders).folder, EMBEDDED_SOCKET) };
}

/** Where the embedded Redis of this user has its things. */
export function embeddedFolders({ runtime, state }: Folders): { readonly folder: string; readonly dataFolder: string } {
  return { folder: join(runtime, "redis"), dataFolder: join(state, "redis") };
}

/**
 * `unix:///run/redis.sock`, or what Redis itself takes as a URL, with the files of TLS read.
 *
 * @returns nothing when no Redis is named
 * @throws VmrigError `CONFIG_INVALID` for a file of TLS that is missing, cannot be read or is something else
 */
export function configuredRedis(ofConfig: ResolvedRig["redis"], env: NodeJS.ProcessEnv = process.env): RedisAddress | undefined {
  const url = ofConfig?.url ?? env["VMRIG_REDIS_URL"];
  if (url === undefined || url === "") return undefined;
  if (url.startsWith("unix://")) return { socketPath: url.slice("unix://".length) };
  return { url, ...(ofConfig?.tls && { tls: readTlsFiles(ofConfig.tls) }) };
}

/** First part of every key, as `openLeaseStore` takes it. */
export function namespaceOf(ofConfig: ResolvedRig["redis"]): { readonly namespace?: string } {
  return ofConfig === undefined ? {} : { namespace: ofConfig.prefix };
}
