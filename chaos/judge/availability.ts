import { isMachineEvent, type ChaosEvent } from "../event-log.ts";
import type { AppliedFault, Violation } from "./violation.ts";

export interface AvailabilityBounds {
  readonly copies: readonly string[];
  /**
   * Longest time that a copy may be unused after a fault has ended, while runs are waiting for one
   * all the time.
   */
  readonly withinMs: number;
  /** Time at which the suite stopped starting runs. */
  readonly endedAt: number;
}

/** Time that a copy was unused after a fault. */
export interface UnusedPeriod {
  readonly copy: string;
  readonly after: AppliedFault;
  readonly ms: number;
}

/**
 * Returns the silence of each copy after each fault. A silence that does not end is measured up to
 * the time at which the suite stopped starting runs.
 */
export function unusedPeriods(
  rows: readonly ChaosEvent[],
  faults: readonly AppliedFault[],
  { copies, endedAt }: AvailabilityBounds,
): UnusedPeriod[] {
  return copies.flatMap((copy) => {
    const times = rows
      .filter((row) => isMachineEvent(row) && row.copy === copy)
      .map(({ at }) => at);
    return faults.map((after) => ({
      copy,
      after,
      ms: Math.max(0, (times.find((at) => at >= after.to) ?? endedAt) - after.to),
    }));
  });
}

/**
 * Checks that each copy is in use again within the bound after every fault, because its lease was
 * freed by itself.
 */
export function judgeAvailability(
  rows: readonly ChaosEvent[],
  faults: readonly AppliedFault[],
  bounds: AvailabilityBounds,
): Violation[] {
  return unusedPeriods(rows, faults, bounds)
    .filter(({ ms }) => ms > bounds.withinMs)
    .map(({ copy, after: { kind, target, to }, ms }) => ({
      promise: "frees itself",
      what: `${copy} did nothing for ${ms} ms after ${kind} of ${target} was over at ${to}, more than ${bounds.withinMs} ms`,
    }));
}
