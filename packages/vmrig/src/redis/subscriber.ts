import { Redis } from "ioredis";
import { dialOptions, type RedisAddress } from "./address.ts";
import { ioredisOptions, REDIAL } from "./ioredis-options.ts";

/**
 * Returns a connection for SUBSCRIBE. It waits for the server without a deadline, because no caller
 * waits for it.
 */
export function subscriber(address: RedisAddress): Redis {
  const redis = new Redis(
    ioredisOptions({ ...REDIAL, ...dialOptions(address), maxRetriesPerRequest: null }),
  );
  redis.on("error", () => {});
  return redis;
}
