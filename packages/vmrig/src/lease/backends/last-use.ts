import { NOW, REFUSE_AS_REPLICA, script } from "../../redis/script.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { keysOf, type CopyName } from "../keys.ts";
import type { FencedCopy } from "../lease-backend.ts";

/** Notes the use of a leased copy. KEYS lock, holder, used; ARGV fence. */
export const MARK_USED = script(`${NOW}
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HGET', KEYS[2], 'fence') ~= ARGV[1] then
  ${REFUSE_AS_REPLICA}
  return 0
end
redis.call('SET', KEYS[3], string.format('%.0f', now))
return 1
`);

/** Returns for how many milliseconds a copy has not been used, or nothing. KEYS used. */
export const READ_USED = script(`${NOW}
local used = tonumber(redis.call('GET', KEYS[1]) or '')
return used and string.format('%.0f', math.max(0, now - used)) or false
`);

/** Returns the keys of {@link MARK_USED}. */
export function markKeys(namespace: string, lease: FencedCopy): string[] {
  const { lock, holder, used } = keysOf(namespace, lease);
  return [lock, holder, used];
}

/** Parses a reply of {@link READ_USED}. */
export function parseAgo(reply: unknown): number | undefined {
  return typeof reply === "string" ? Number(reply) : undefined;
}

/** Notes a use. @returns whether the lease was still held; else nothing was written */
export async function markUsed(
  connection: RedisConnection,
  namespace: string,
  lease: FencedCopy,
): Promise<boolean> {
  return (await connection.ask(MARK_USED, markKeys(namespace, lease), [lease.fence])) === 1;
}

/** Returns the milliseconds since the last use; `undefined` when none was noted. */
export async function lastUse(
  connection: RedisConnection,
  namespace: string,
  copy: CopyName,
): Promise<number | undefined> {
  return parseAgo(await connection.ask(READ_USED, [keysOf(namespace, copy).used]));
}
