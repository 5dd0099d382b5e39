import type { Fence } from "../driver/driver.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { formatDuration } from "../clock/format-duration.ts";
import { decodeHolder, describeHolder } from "./holder.ts";
import { keysOf, type CopyName } from "./keys.ts";
import { NOW, script } from "../redis/script.ts";

/** KEYS lock, holder, revoked; ARGV the fence of the lease that was lost. */
export const LOSS = script(`${NOW}
local at, by = string.match(redis.call('HGET', KEYS[3], ARGV[1]) or '', '^(%d+):(.*)$')
local h = redis.call('HMGET', KEYS[2], 'fence', 'since', 'who')
return { at and now - at or -1, by or '', redis.call('EXISTS', KEYS[1]), h[1] or '', h[2] and now - h[2] or -1, h[3] or '' }
`);

export type LossReply = [
  revokedForMs: number,
  by: string,
  locked: number,
  fence: string,
  takenForMs: number,
  who: string,
];

/**
 * Why Redis does not know a lease as ours any more, one fact a line.
 *
 * @throws VmrigError `REDIS_UNREACHABLE`, after one try
 */
export async function explainLoss(
  connection: RedisConnection,
  namespace: string,
  lease: CopyName & { readonly fence: Fence },
): Promise<string[]> {
  const { lock, holder, revoked } = keysOf(namespace, lease);
  return tellLoss(
    [(await connection.run(LOSS, [lock, holder, revoked], [lease.fence])) as LossReply],
    lease.fence,
  );
}

/**
 * Of several servers: whichever knows who took the lease away, and that with the newest lease
 * since.
 */
export function tellLoss(replies: readonly LossReply[], lost: Fence): string[] {
  const facts = [];
  const forced = replies.find(([revokedForMs]) => revokedForMs >= 0);
  if (forced !== undefined) facts.push(renderForced(forced[1], forced[0]));
  const locked = replies
    .filter(([, , exists]) => exists === 1)
    .toSorted((a, b) => Number(b[3]) - Number(a[3]));
  const taken = locked.find(
    ([, , , fence, takenForMs]) => takenForMs >= 0 && fence !== "" && fence !== String(lost),
  );
  if (taken !== undefined)
    facts.push(
      `taken by ${describeHolder(decodeHolder(taken[5]))} ${formatDuration(taken[4])} ago`,
    );
  // One of several that still has our own lock is not meant.
  const byHand = locked.filter(
    ([, , , fence, takenForMs]) => takenForMs < 0 || fence === String(lost),
  );
  if (taken === undefined && byHand.length > replies.length / 2)
    facts.push("the lock was set anew by hand");
  return facts.length > 0
    ? facts
    : ["the lock vanished from Redis (data lost, or removed by hand)"];
}

/** `released by force by bob@laptop 1.0 s ago (vmrig release --force)` */
function renderForced(by: string, agoMs: number): string {
  const { command, ...who } = decodeHolder(by);
  return `released by force by ${describeHolder({ ...who, command: "" })} ${formatDuration(agoMs)} ago${command === "" ? "" : ` (${command})`}`;
}
