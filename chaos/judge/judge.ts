import { isDeed, type Row } from "../witness.ts";
import { judgeAvailability, type AvailabilityBounds } from "./availability.ts";
import { judgeClean } from "./clean.ts";
import { judgeFairness } from "./fairness.ts";
import { judgeExclusive, judgeFences } from "./order.ts";
import type { Struck, Violation } from "./violation.ts";

export interface Case {
  /** In the order in which they happened. */
  readonly rows: readonly Row[];
  readonly faults: readonly Struck[];
  readonly bounds: AvailabilityBounds & { readonly overtakings: number };
}

/** Knows nothing of vmrig: it reads what reached the machines, and what the suite itself did. */
export function judge({ rows, faults, bounds }: Case): Violation[] {
  const deeds = rows.filter(isDeed);
  return [
    ...judgeExclusive(deeds),
    ...judgeFences(deeds),
    ...judgeClean(deeds),
    ...judgeAvailability(rows, faults, bounds),
    ...judgeFairness(rows, faults, bounds.overtakings),
  ];
}
