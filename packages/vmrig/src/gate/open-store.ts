import { join } from "node:path";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import { EMBEDDED_SOCKET } from "../redis/embedded-socket.ts";
import { ping } from "../redis/ping.ts";
import { checkAddresses, type RedisAddress } from "../redis/address.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import { openLeaseStore } from "../lease/open-lease-store.ts";
import { readTlsFiles } from "./tls-files.ts";

/**
 * The Redis that the config or `VMRIG_REDIS_URL` names, or the several, else the embedded one of
 * this user.
 *
 * @param onNews told in a line when one of several falls silent, and when it answers again
 */
export async function openStore(
  rig: ResolvedRig,
  folders: Folders,
  env: NodeJS.ProcessEnv = process.env,
  onNews?: (line: string) => void,
): Promise<LeaseStore> {
  const redis = configuredRedis(rig.redis, env);
  if (redis !== undefined)
    return openLeaseStore({ redis, ...(onNews && { onNews }), ...namespaceOf(rig.redis) });
  const { embeddedRedis } = await import("../redis/embedded-redis.ts");
  return openLeaseStore({
    redis: await embeddedRedis(embeddedFolders(folders)),
    ...namespaceOf(rig.redis),
  });
}

/**
 * The same for looking only: nothing is started.
 *
 * @returns nothing when no Redis is named and the embedded one does not run: then nobody holds or
 *   waits for anything
 */
export async function openRunningStore(
  rig: ResolvedRig,
  folders: Folders,
  env: NodeJS.ProcessEnv = process.env,
): Promise<LeaseStore | undefined> {
  const redis = storeAddresses(rig, folders, env);
  const embedded = configuredRedis(rig.redis, env) === undefined ? redis[0] : undefined;
  if (
    embedded !== undefined &&
    "socketPath" in embedded &&
    (await ping(embedded.socketPath)) === "dead"
  )
    return undefined;
  return openLeaseStore({ redis, ...namespaceOf(rig.redis) });
}

/** Where leases are kept, whether somebody answers there or not. */
export function storeAddresses(
  rig: ResolvedRig,
  folders: Folders,
  env: NodeJS.ProcessEnv = process.env,
): readonly RedisAddress[] {
  return (
    configuredRedis(rig.redis, env) ?? [
      { socketPath: join(embeddedFolders(folders).folder, EMBEDDED_SOCKET) },
    ]
  );
}

/** Where the embedded Redis of this user has its things. */
export function embeddedFolders({ runtime, state }: Folders): {
  readonly folder: string;
  readonly dataFolder: string;
} {
  return { folder: join(runtime, "redis"), dataFolder: join(state, "redis") };
}

/** Between two addresses, and not in a password of the first. */
const COMMA = /\s*,\s*(?=rediss?:\/\/|unix:\/\/)/;

/**
 * `unix:///run/redis.sock`, or what Redis itself takes as a URL, with the files of TLS read; 3 or 5
 * of them where leases are kept in several.
 *
 * @returns nothing when no Redis is named
 * @throws VmrigError `CONFIG_INVALID` for a file of TLS that is missing, cannot be read or is
 *   something else, and for several in `VMRIG_REDIS_URL` that are not 3 or 5, or not as many
 *   servers
 */
export function configuredRedis(
  ofConfig: ResolvedRig["redis"],
  env: NodeJS.ProcessEnv = process.env,
): readonly RedisAddress[] | undefined {
  const named = ofConfig?.urls ?? (ofConfig?.url ?? env["VMRIG_REDIS_URL"] ?? "").split(COMMA);
  const urls = named.filter((url) => url !== "");
  if (urls.length === 0) return undefined;
  const tls = ofConfig?.tls && readTlsFiles(ofConfig.tls);
  const addresses = urls.map((url) =>
    url.startsWith("unix://")
      ? { socketPath: url.slice("unix://".length) }
      : { url, ...(tls && { tls }) },
  );
  checkAddresses(addresses);
  return addresses;
}

/** First part of every key, as `openLeaseStore` takes it. */
export function namespaceOf(ofConfig: ResolvedRig["redis"]): { readonly namespace?: string } {
  return ofConfig === undefined ? {} : { namespace: ofConfig.prefix };
}
