import { formatDuration } from "../clock/format-duration.ts";
import {
  describeCurrentHolder,
  renderCurrentHolder,
  type CurrentHolder,
} from "./current-holder.ts";
import type { LeaseRequest } from "./lease-request.ts";

/** State of the queue as one waiter sees it. */
export interface QueueStatus extends Required<LeaseRequest> {
  /** 1 = next. */
  readonly position: number;
  /** Number of waiters, including this one. */
  readonly waiting: number;
  /** How long this waiter has waited so far. */
  readonly waitedMs: number;
  /**
   * Holders of the copies that this waiter accepts. Copies that are missing are free, and another
   * waiter has not taken them yet.
   */
  readonly held: readonly CurrentHolder[];
  /**
   * Set after Redis restarted without persistence: nothing is granted while leases that it has
   * forgotten may still be in use.
   */
  readonly restarted?: Restarted;
}

export interface Restarted {
  readonly agoMs: number;
  /** How long nothing is granted from now on. */
  readonly forMs: number;
}

/**
 * Returns a line such as:
 *
 * - `pcs-1 is held by alice@laptop (vitest run x) for 41 s; you are 2nd in the queue`
 * -
 *   `both copies of pcs are held (alice@laptop (vitest run x) for 41 s, bob@ci-3 (vitest run) for 3 min); you are next`
 */
export function renderQueueStatus(status: QueueStatus): string {
  const position = status.position === 1 ? "next" : `${ordinal(status.position)} in the queue`;
  return `${renderHolders(status)}; you are ${position}${status.extra ? ", for one more copy" : ""}`;
}

/**
 * Returns
 * `Redis restarted 4.0 s ago without persistence, so vmrig grants no lease for another 27 s`.
 */
export function renderRestarted({ agoMs, forMs }: Restarted): string {
  return `Redis restarted ${formatDuration(agoMs)} ago without persistence, so vmrig grants no lease for another ${formatDuration(forMs)}`;
}

function renderHolders({ rig, copies, accept, held, restarted }: QueueStatus): string {
  if (restarted !== undefined) return renderRestarted(restarted);
  const [first] = held;
  if (accept.length === 1)
    return `${accept.join()} is ${first === undefined ? FREE : renderCurrentHolder(first)}`;
  const wanted = `${accept.length === copies.length ? "copies" : "requested copies"} of ${rig}`;
  const all = accept.length === 2 ? "both" : `all ${accept.length}`;
  if (first === undefined) return `${all} ${wanted} are ${FREE}`;
  const holders = held.map(describeCurrentHolder).join(", ");
  if (held.length === accept.length) return `${all} ${wanted} are held (${holders})`;
  const others = accept.length - held.length === 1 ? "the other is" : "the others are";
  return `${held.length} of ${accept.length} ${wanted} ${held.length === 1 ? "is" : "are"} held (${holders}), ${others} ${FREE}`;
}

export const FREE = "free for the next run in the queue";

/** Returns `1st`, `2nd`, `3rd`, `4th`, … */
export function ordinal(n: number): string {
  const suffix =
    { one: "st", two: "nd", few: "rd" }[
      new Intl.PluralRules("en", { type: "ordinal" }).select(n) as string
    ] ?? "th";
  return `${n}${suffix}`;
}
