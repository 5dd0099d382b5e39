import { isDeed, type Row } from "../witness.ts";
import type { Struck, Violation } from "./violation.ts";

export interface AvailabilityBounds {
  readonly copies: readonly string[];
  /** How long a copy may do nothing after a fault is over, while somebody waits for one all the time. */
  readonly withinMs: number;
  /** When the suite stopped sending runs. */
  readonly endedAt: number;
}

/** After every fault each copy is at work again within the bound: whatever held it let go by itself. */
export function judgeAvailability(rows: readonly Row[], faults: readonly Struck[], { copies, withinMs, endedAt }: AvailabilityBounds): Violation[] {
  return copies.flatMap((copy) => {
    const times = rows.filter((row) => isDeed(row) && row.copy === copy).map(({ at }) => at);
    const silent = (fault: Struck): boolean => !times.some((at) => at >= fault.to && at <= fault.to + withinMs);
    return faults
      .filter((fault) => fault.to + withinMs < endedAt && silent(fault))
      .map(({ kind, target, to }): Violation => ({
        promise: "frees itself",
        what: `${copy} did nothing for ${withinMs} ms after ${kind} of ${target} was over at ${to}`,
      }));
  });
}
