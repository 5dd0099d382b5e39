import type { Fence } from "../driver/driver.ts";
import type { RedisConnection } from "../redis/connection.ts";
import {
  decodeCurrentHolder,
  type CurrentHolder,
  type CurrentHolderReply,
} from "./current-holder.ts";
import { encodeHolder } from "./holder.ts";
import { keysOf, rigKeys, type CopyName } from "./keys.ts";
import type { Holder } from "./lease.ts";
import { READ_HOLDER, QUEUE_RULES } from "./backends/queue-lua.ts";
import { NOW, REFUSE_AS_REPLICA, script } from "../redis/script.ts";

export interface Revocation extends CopyName {
  /** Fence of the lease to end, from a view. A lease that was granted later is not touched. */
  readonly fence: Fence;
  /** Person who ends the lease. The error of the previous holder names this person. */
  readonly by: Holder;
}

/**
 * How long Redis stores the name of that person, for a previous holder that does not run at the
 * moment.
 */
export const NOTE_MS = 3_600_000;

/**
 * Runs with `rigKeys` of one copy and its revoked key. ARGV fence, person who ends the lease,
 * lifetime of the note in ms.
 */
export const REVOKE = script(`${NOW}${QUEUE_RULES}${READ_HOLDER}
local i, notes = 4, KEYS[#KEYS]
local cut = hold(i)
if cut[1] == -2 or cut[2] ~= ARGV[1] then
  ${REFUSE_AS_REPLICA}
  return false
end
redis.call('DEL', KEYS[i], KEYS[i + 1])
redis.call('HSET', notes, ARGV[1], string.format('%.0f', now) .. ':' .. ARGV[2])
redis.call('PEXPIRE', notes, ARGV[3])
purge()
wake(unlocked())
return cut
`);

/**
 * Ends a lease by force on one server.
 *
 * @returns the holder whose lease was ended; `undefined` when the lease with this fence had already
 *   ended
 * @throws VmrigError `REDIS_UNREACHABLE`
 */
export async function revokeLease(
  connection: RedisConnection,
  namespace: string,
  { rig, copy, fence, by }: Revocation,
): Promise<CurrentHolder | undefined> {
  const keys = [...rigKeys(namespace, rig, [copy]), keysOf(namespace, { rig, copy }).revoked];
  const reply = (await connection.run(REVOKE, keys, [
    fence,
    encodeHolder(by),
    NOTE_MS,
  ])) as CurrentHolderReply | null;
  return reply === null ? undefined : decodeCurrentHolder(copy, reply);
}
