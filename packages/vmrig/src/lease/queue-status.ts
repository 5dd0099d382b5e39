import { formatDuration } from "../clock/format-duration.ts";
import {
  describeCurrentHolder,
  renderCurrentHolder,
  type CurrentHolder,
} from "./current-holder.ts";
import type { LeaseRequest } from "./lease-request.ts";

/** What a waiter sees of the line that it stands in. */
export interface QueueStatus extends Required<LeaseRequest> {
  /** 1 = next. */
  readonly position: number;
  /** How many wait, this one included. */
  readonly waiting: number;
  /** How long this one has waited so far. */
  readonly waitedMs: number;
  /**
   * Who holds the copies that this one accepts. Those that are missing are free, and another in
   * line has not yet taken them.
   */
  readonly held: readonly CurrentHolder[];
  /**
   * Redis restarted without persistence: nothing is granted while leases that it has forgotten may
   * still live.
   */
  readonly restarted?: Restarted;
}

export interface Restarted {
  readonly agoMs: number;
  /** For so long nothing is granted. */
  readonly forMs: number;
}

/**
 * - `pcs-1 is held by alice@laptop (vitest run x) for 41 s; you are 2nd in line`
 * -
 *   `all 2 copies of pcs are held (alice@laptop (vitest run x) for 41 s, bob@ci-3 (vitest run) for 3 min); you are next`
 */
export function renderQueueStatus(line: QueueStatus): string {
  const place = line.position === 1 ? "next" : `${ordinal(line.position)} in line`;
  return `${renderHolds(line)}; you are ${place}${line.extra ? ", for one more copy" : ""}`;
}

/** `Redis restarted 4.0 s ago without persistence, leases from before may still live, 27 s more` */
export function renderRestarted({ agoMs, forMs }: Restarted): string {
  return `Redis restarted ${formatDuration(agoMs)} ago without persistence, leases from before may still live, ${formatDuration(forMs)} more`;
}

function renderHolds({ rig, copies, accept, held, restarted }: QueueStatus): string {
  if (restarted !== undefined) return renderRestarted(restarted);
  const [first] = held;
  if (accept.length === 1)
    return `${accept.join()} is ${first === undefined ? FREE : renderCurrentHolder(first)}`;
  const wanted =
    accept.length === copies.length
      ? `${accept.length} copies of ${rig}`
      : `${accept.length} copies asked for of ${rig}`;
  if (first === undefined) return `${wanted} are ${FREE}`;
  const holds = held.map(describeCurrentHolder).join(", ");
  if (held.length === accept.length) return `all ${wanted} are held (${holds})`;
  return `${held.length} of ${wanted} ${held.length === 1 ? "is" : "are"} held (${holds}), the rest ${FREE}`;
}

const FREE = "free for the next in line";

function ordinal(n: number): string {
  const suffix =
    { one: "st", two: "nd", few: "rd" }[
      new Intl.PluralRules("en", { type: "ordinal" }).select(n) as string
    ] ?? "th";
  return `${n}${suffix}`;
}
