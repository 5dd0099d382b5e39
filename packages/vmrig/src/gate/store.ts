import { join } from "node:path";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { RedisAddress } from "../lease/redis-address.ts";
import { openLeaseStore, type LeaseStore } from "../lease/lease-store.ts";

/** The Redis that the config or `VMRIG_REDIS_URL` names, else the embedded one of this user. */
export async function openStore(rig: ResolvedRig, folders: Folders, env: NodeJS.ProcessEnv = process.env): Promise<LeaseStore> {
  const url = rig.redis?.url ?? env["VMRIG_REDIS_URL"];
  if (url !== undefined && url !== "") return openLeaseStore({ redis: redisAddress(url) });
  const { embeddedRedis } = await import("../lease/embedded-redis.ts");
  return openLeaseStore({
    redis: await embeddedRedis({ folder: join(folders.runtime, "redis"), dataFolder: join(folders.state, "redis") }),
  });
}

/** `unix:///run/redis.sock`, or what Redis itself takes as a URL. */
function redisAddress(url: string): RedisAddress {
  return url.startsWith("unix://") ? { socketPath: url.slice("unix://".length) } : { url };
}
