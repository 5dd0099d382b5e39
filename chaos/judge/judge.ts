import { isMachineEvent, type ChaosEvent } from "../event-log.ts";
import { judgeAvailability, type AvailabilityBounds } from "./availability.ts";
import { judgeClean } from "./clean.ts";
import { judgeFairness } from "./fairness.ts";
import { judgeExclusive, judgeFences } from "./order.ts";
import type { AppliedFault, Violation } from "./violation.ts";

export interface Case {
  /** Rows in the order of time. */
  readonly rows: readonly ChaosEvent[];
  readonly faults: readonly AppliedFault[];
  readonly bounds: AvailabilityBounds & { readonly overtakings: number };
}

/**
 * Judges a run of the suite. Independent of vmrig: it reads the rows that the machines wrote and
 * the events of the suite itself.
 */
export function judge({ rows, faults, bounds }: Case): Violation[] {
  const events = rows.filter(isMachineEvent);
  return [
    ...judgeExclusive(events),
    ...judgeFences(events),
    ...judgeClean(events),
    ...judgeAvailability(rows, faults, bounds),
    ...judgeFairness(rows, faults, bounds.overtakings),
  ];
}
