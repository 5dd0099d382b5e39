import { join } from "node:path";
import type { Folders } from "../../config/folders.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import { refuseUseElsewhere } from "../../local-files/folder-use.ts";
import { EMBEDDED_SOCKET, embeddedRedisIn } from "../../redis/embedded-socket.ts";
import { ping } from "../../redis/ping.ts";
import { checkAddresses, type RedisAddress } from "../../redis/address.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { openLeaseStore } from "../../lease/open-lease-store.ts";
import { readTlsFiles } from "./tls-files.ts";

/**
 * Opens the Redis that the config or `VMRIG_REDIS_URL` names, or several of them, or else the
 * embedded Redis of this user.
 *
 * @throws VmrigError `CONFIG_INVALID` when machines that others use, too, would be leased in a Redis
 *   that others do not reach; `REDIS_UNREACHABLE`
 * @param onNews gets a line when one of several stops answering, and when it answers again
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
  if (rig.driver.locality === "shared") throw noSharedRedis(rig);
  const { embeddedRedis } = await import("../../redis/embedded-redis.ts");
  return openLeaseStore({
    redis: await embeddedRedis(embeddedFolders(folders)),
    ...namespaceOf(rig.redis),
  });
}

function noSharedRedis({ name, driver }: ResolvedRig): VmrigError {
  return new VmrigError("CONFIG_INVALID", {
    message: `Rig "${name}" has no Redis, and others use the machines of the driver "${driver.name}", too.`,
    hint: "set redis.url in the config, or VMRIG_REDIS_URL, to a Redis that all of them reach",
  });
}

/**
 * Opens the store for reading only: starts nothing.
 *
 * @returns nothing when no Redis is named and the embedded one does not run: then no lease is held
 *   or waited for
 * @throws VmrigError `HOME_SHARED` when the embedded Redis runs in another container
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
  ) {
    await refuseUseElsewhere(folders.state, { what: embeddedRedisIn(folders.state) });
    return undefined;
  }
  return openLeaseStore({ redis, ...namespaceOf(rig.redis) });
}

/**
 * Ends the embedded Redis, if the rig uses it and no run does.
 *
 * @returns whether it ended
 */
export async function endIdleStore(rig: ResolvedRig, folders: Folders): Promise<boolean> {
  if (configuredRedis(rig.redis) !== undefined) return false;
  const { endIdleRedis } = await import("../../redis/end-embedded-redis.ts");
  return await endIdleRedis(embeddedFolders(folders));
}

/** Returns the addresses of the lease store, whether it answers or not. */
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

/** Returns the folders of this user's embedded Redis. */
export function embeddedFolders({ runtime, state }: Folders): {
  readonly folder: string;
  readonly dataFolder: string;
} {
  return { folder: join(runtime, "redis"), dataFolder: join(state, "redis") };
}

/** Comma between two addresses, and not inside a password of the first. */
const COMMA = /\s*,\s*(?=rediss?:\/\/|unix:\/\/)/;

/**
 * Parses `unix:///run/redis.sock` or a Redis URL, and reads the TLS files. Returns 3 or 5 servers
 * when leases are stored in several.
 *
 * @returns nothing when no Redis is named
 * @throws VmrigError `CONFIG_INVALID` for a TLS file that is missing, not readable or of another
 *   kind, and for several addresses in `VMRIG_REDIS_URL` that are not 3 or 5, or not as many
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

/** Returns the prefix of every key, as an option of `openLeaseStore`. */
export function namespaceOf(ofConfig: ResolvedRig["redis"]): { readonly namespace?: string } {
  return ofConfig === undefined ? {} : { namespace: ofConfig.prefix };
}
