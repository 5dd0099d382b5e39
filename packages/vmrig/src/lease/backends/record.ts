import type { RedisConnection } from "../../redis/connection.ts";
import { keysOf, type CopyName } from "../keys.ts";
import type { FencedCopy } from "../lease-backend.ts";
import { REFUSE_AS_REPLICA, script } from "../../redis/script.ts";

// A record is written only while the lock is held: the fence identifies the grant. KEYS lock,
// holder, record; ARGV fence, value.
const OURS = `
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HGET', KEYS[2], 'fence') ~= ARGV[1] then
  ${REFUSE_AS_REPLICA}
  return 0
end
`;
export const SAVE_RECORD = script(`${OURS} redis.call('SET', KEYS[3], ARGV[2]) return 1`);
const DROP_RECORD = script(`${OURS} redis.call('DEL', KEYS[3]) return 1`);
export const READ_RECORD = script(`return redis.call('GET', KEYS[1])`);

/**
 * Reads the record of a copy.
 *
 * @returns the last saved value; `undefined` when there is none or it is not JSON, because a record
 *   is a cache
 */
export async function readRecord(
  connection: RedisConnection,
  namespace: string,
  name: CopyName,
): Promise<unknown> {
  return parseRecord(await connection.ask(READ_RECORD, [keysOf(namespace, name).record]));
}

export function parseRecord(text: unknown): unknown {
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Saves the record. @returns whether the lease was still held; else nothing was written */
export async function saveRecord(
  connection: RedisConnection,
  namespace: string,
  lease: FencedCopy,
  value: unknown,
): Promise<boolean> {
  const { lock, holder, record } = keysOf(namespace, lease);
  return (
    (await connection.ask(
      SAVE_RECORD,
      [lock, holder, record],
      [lease.fence, JSON.stringify(value)],
    )) === 1
  );
}

/** Removes the record. @returns whether the lease was still held; else nothing was removed */
export async function dropRecord(
  connection: RedisConnection,
  namespace: string,
  lease: FencedCopy,
): Promise<boolean> {
  const { lock, holder, record } = keysOf(namespace, lease);
  return (await connection.ask(DROP_RECORD, [lock, holder, record], [lease.fence])) === 1;
}
