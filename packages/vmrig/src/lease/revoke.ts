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
import { HOLD, LINE } from "./backends/queue-lua.ts";
import { NOW, script } from "../redis/script.ts";

export interface Revocation extends CopyName {
  /** Of the lease that is to end, as a view showed it; one that was granted since is left alone. */
  readonly fence: Fence;
  /** Who takes it away. The loser is told. */
  readonly by: Holder;
}

/** How long a loser that does not run now may find out later who it was. */
export const NOTE_MS = 3_600_000;

/**
 * Run with `rigKeys` of one copy and its revoked key; ARGV fence, who takes it away, life of the
 * note in ms.
 */
export const REVOKE = script(`${NOW}${LINE}${HOLD}
local i, notes = 4, KEYS[#KEYS]
local cut = hold(i)
if cut[1] == -2 or cut[2] ~= ARGV[1] then return false end
redis.call('DEL', KEYS[i], KEYS[i + 1])
redis.call('HSET', notes, ARGV[1], string.format('%.0f', now) .. ':' .. ARGV[2])
redis.call('PEXPIRE', notes, ARGV[3])
purge()
wake(unlocked())
return cut
`);

/**
 * @returns who was cut off, `undefined` when the lease with this fence had ended already.
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
