import type { Redis } from "ioredis";
import type { Script } from "./script.ts";

/** Runs a script by its hash, and sends its text when the server does not know it yet. */
export async function evaluate(
  redis: Redis,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return await redis.eval(script.lua, keys.length, ...keys, ...args);
  }
}
