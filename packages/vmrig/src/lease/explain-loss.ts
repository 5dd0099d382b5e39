import type { Fence } from "../driver/driver.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { formatDuration } from "../clock/format-duration.ts";
import { decodeHolder, describeHolder } from "./holder.ts";
import { keysOf, type CopyName } from "./keys.ts";
import { NOW, script } from "../redis/script.ts";

/** Reads why a lease was lost. KEYS lock, holder, revoked; ARGV the fence of the lost lease. */
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
 * Returns why Redis no longer knows a lease, one fact per line.
 *
 * @throws VmrigError `REDIS_UNREACHABLE`, after one attempt
 */
export async function explainLoss(
  connection: RedisConnection,
  namespace: string,
  lease: CopyName & { readonly fence: Fence },
): Promise<string[]> {
  const { lock, holder, revoked } = keysOf(namespace, lease);
  const reply = (await connection.run(LOSS, [lock, holder, revoked], [lease.fence])) as LossReply;
  return reportLoss([reply], lease.fence, describeFailover([connection]));
}

/** A failover that is longer ago than this does not explain a loss of now. */
const FAILOVER_MS = 60_000;

/**
 * Returns what happened when the primary that now answers at an address has no trace of a lease: a
 * replica may lack what its primary acknowledged last.
 */
export function describeFailover(connections: readonly RedisConnection[]): string | undefined {
  for (const { shown, replicaAgoMs } of connections) {
    if (replicaAgoMs !== undefined && replicaAgoMs < FAILOVER_MS)
      return `Redis at ${shown} became a replica ${formatDuration(replicaAgoMs)} ago, and the primary there now does not have this lease`;
  }
  return undefined;
}

/**
 * Combines the replies of several servers: a reply that names the person who released the lease by
 * force, and the reply with the newest lease since; else `ifGone`.
 */
export function reportLoss(
  replies: readonly LossReply[],
  lost: Fence,
  ifGone = "the lock is gone from Redis (data lost, or removed by hand)",
): string[] {
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
  // A server of a quorum that still has the lost lock does not count.
  const byHand = locked.filter(
    ([, , , fence, takenForMs]) => takenForMs < 0 || fence === String(lost),
  );
  if (taken === undefined && byHand.length > replies.length / 2)
    facts.push("the lock was overwritten by hand");
  return facts.length > 0 ? facts : [ifGone];
}

/** Returns `released by force by bob@laptop 1.0 s ago (vmrig release --force)`. */
function renderForced(by: string, agoMs: number): string {
  const { command, ...who } = decodeHolder(by);
  return `released by force by ${describeHolder({ ...who, command: "" })} ${formatDuration(agoMs)} ago${command === "" ? "" : ` (${command})`}`;
}
