import { VmrigError } from "../errors/vmrig-error.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { clean } from "./holder.ts";
import { keysOf, type CopyName } from "./keys.ts";
import { NOW, REFUSE_AS_REPLICA, script } from "../redis/script.ts";

export interface RetainOptions {
  /**
   * How long the copy is retained, in whole milliseconds; at most a day. The lease is not renewed.
   */
  readonly forMs: number;
  /** Reason that other users see: `after a failed run`. */
  readonly why: string;
}

const LONGEST_MS = 24 * 3_600_000;

/** Retains a lock. KEYS lock, holder; ARGV value of the lock, forMs, why. May run twice. */
export const RETAIN = script(`${NOW}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  ${REFUSE_AS_REPLICA}
  return 0
end
redis.call('HSET', KEYS[2], 'retained', string.format('%.0f', now + ARGV[2]) .. ':' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2]); redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
`);

/**
 * Checks the duration. @throws VmrigError `CONFIG_INVALID` for an invalid duration, or one longer
 * than a day
 */
export function checkRetain({ forMs }: RetainOptions): void {
  if (Number.isInteger(forMs) && forMs > 0 && forMs <= LONGEST_MS) return;
  throw new VmrigError("CONFIG_INVALID", {
    message: `The time to retain a copy must be a whole number of ms, from 1 to ${LONGEST_MS} (24 hours); got ${forMs}.`,
  });
}

/**
 * Retains a lock on one server.
 *
 * @returns whether the lock was still held; else nothing was changed
 * @throws VmrigError `REDIS_UNREACHABLE`
 */
export async function retainLock(
  connection: RedisConnection,
  namespace: string,
  { forMs, why, value, ...copy }: RetainOptions & CopyName & { readonly value: string },
): Promise<boolean> {
  const { lock, holder } = keysOf(namespace, copy);
  return (await connection.ask(RETAIN, [lock, holder], [value, forMs, clean(why)])) === 1;
}
