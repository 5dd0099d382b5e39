import {
  decodeCurrentHolder,
  type CurrentHolder,
  type CurrentHolderReply,
} from "../../current-holder.ts";
import type { Restarted } from "../../queue-status.ts";

/** What one server knows of the copies, in the order in which it was asked. */
export interface Tally {
  readonly holds: readonly CurrentHolderReply[];
  /** After a restart without its data: for how long it may not vote, and since when it runs. */
  readonly blockedForMs?: number;
  readonly upForS?: number;
}

export interface Count {
  /** Most servers would grant these. */
  readonly free: readonly string[];
  readonly held: readonly CurrentHolder[];
  /** Somebody has locks of these and no fence yet, or did not live to get one. */
  readonly unsettled: readonly string[];
  /** Why a copy that nobody seems to hold is not granted yet. */
  readonly restarted?: Restarted;
}

/**
 * A copy is free when most of all servers know of no lock. Else it is held, by whom the newest
 * fence says, until enough of the locks have run out.
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

/** That with the largest fence; a lock that somebody set by hand has none, and no holder either. */
function newest(copy: string, replies: readonly CurrentHolderReply[]): CurrentHolder | undefined {
  const holds = replies.flatMap((reply) => {
    const hold = decodeCurrentHolder(copy, reply);
    return hold === undefined || (hold.fence === 0 && hold.heldForMs !== undefined) ? [] : [hold];
  });
  return holds.toSorted((a, b) => b.fence - a.fence)[0];
}
