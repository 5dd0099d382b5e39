import { isDeed, type Row } from "../witness.ts";
import type { Struck, Violation } from "./violation.ts";

export interface AvailabilityBounds {
  readonly copies: readonly string[];
  /**
   * How long a copy may do nothing after a fault is over, while somebody waits for one all the
   * time.
   */
  readonly withinMs: number;
  /** When the suite stopped sending runs. */
  readonly endedAt: number;
}

/** How long a copy did nothing after a fault. */
export interface Silence {
  readonly copy: string;
  readonly after: Struck;
  readonly ms: number;
}

/**
 * Of each copy after each fault. One that lasts is measured up to when the suite stopped sending
 * runs.
 */
export function silences(
  rows: readonly Row[],
  faults: readonly Struck[],
  { copies, endedAt }: AvailabilityBounds,
): Silence[] {
  return copies.flatMap((copy) => {
    const times = rows.filter((row) => isDeed(row) && row.copy === copy).map(({ at }) => at);
    return faults.map((after) => ({
      copy,
      after,
      ms: Math.max(0, (times.find((at) => at >= after.to) ?? endedAt) - after.to),
    }));
  });
}

/**
 * After every fault each copy is at work again within the bound: whatever held it let go by itself.
 */
export function judgeAvailability(
  rows: readonly Row[],
  faults: readonly Struck[],
  bounds: AvailabilityBounds,
): Violation[] {
  return silences(rows, faults, bounds)
    .filter(({ ms }) => ms > bounds.withinMs)
    .map(({ copy, after: { kind, target, to }, ms }) => ({
      promise: "frees itself",
      what: `${copy} did nothing for ${ms} ms after ${kind} of ${target} was over at ${to}, more than ${bounds.withinMs} ms`,
    }));
}
