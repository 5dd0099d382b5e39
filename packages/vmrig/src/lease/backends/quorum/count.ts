import {
  decodeCurrentHolder,
  type CurrentHolder,
  type CurrentHolderReply,
} from "../../current-holder.ts";
import type { Restarted } from "../../queue-status.ts";

/** State of the copies on one server, in the order of the request. */
export interface Tally {
  readonly holds: readonly CurrentHolderReply[];
  /**
   * After a restart without its data: for how long the server may not vote, and how long it has
   * been running.
   */
  readonly blockedForMs?: number;
  readonly upForS?: number;
}

export interface Count {
  /** Copies that a majority of the servers would grant. */
  readonly free: readonly string[];
  readonly held: readonly CurrentHolder[];
  /**
   * Copies that have locks but no fence yet: a waiter is taking them, or died before it got a
   * fence.
   */
  readonly unsettled: readonly string[];
  /** Why a copy without a known holder is not granted yet. */
  readonly restarted?: Restarted;
}

/**
 * Combines the states of all servers. A copy is free when a majority of all servers has no lock for
 * it. Otherwise the newest fence names its holder, until enough of the locks have expired.
 */
export function countVotes(
  copies: readonly string[],
  tallies: readonly Tally[],
  { all, majority }: { readonly all: number; readonly majority: number },
): Count {
  const free: string[] = [];
  const held: CurrentHolder[] = [];
  const unsettled: string[] = [];
  let restarted: Restarted | undefined;
  for (const [i, copy] of copies.entries()) {
    const votes = tallies.map(({ holds, blockedForMs = 0, upForS = 0 }) => ({
      hold: holds[i] as CurrentHolderReply,
      blockedForMs,
      upForS,
    }));
    const unlocked = votes.filter(({ hold }) => hold[0] === -2);
    const blocked = unlocked
      .filter(({ blockedForMs }) => blockedForMs > 0)
      .toSorted((a, b) => a.blockedForMs - b.blockedForMs);
    const missing = majority - (unlocked.length - blocked.length);
    if (missing <= 0) {
      free.push(copy);
      continue;
    }
    const last = blocked[missing - 1];
    if (last !== undefined) restarted = { agoMs: last.upForS * 1000, forMs: last.blockedForMs };
    const hold = newest(
      copy,
      votes.map(({ hold: reply }) => reply),
    );
    if (hold === undefined) {
      if (unlocked.length < votes.length) unsettled.push(copy);
      continue;
    }
    const ends = votes.map(({ hold: [pttl], blockedForMs }) =>
      pttl === -2 ? blockedForMs : pttl < 0 ? Number.POSITIVE_INFINITY : pttl,
    );
    const inOrder = [
      ...ends,
      ...Array.from({ length: all - votes.length }, () => Number.POSITIVE_INFINITY),
    ].sort((a, b) => a - b);
    held.push({ ...hold, expiresInMs: inOrder[majority - 1] ?? Number.POSITIVE_INFINITY });
  }
  return { free, held, unsettled, ...(restarted && { restarted }) };
}

/**
 * Returns the holder with the largest fence. A lock that was set by hand has neither a fence nor a
 * holder.
 */
function newest(copy: string, replies: readonly CurrentHolderReply[]): CurrentHolder | undefined {
  const holds = replies.flatMap((reply) => {
    const hold = decodeCurrentHolder(copy, reply);
    return hold === undefined || (hold.fence === 0 && hold.heldForMs !== undefined) ? [] : [hold];
  });
  return holds.toSorted((a, b) => b.fence - a.fence)[0];
}
