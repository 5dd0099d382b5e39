import type { Leftovers } from "./leftovers.ts";
import { count } from "./leftovers.ts";
import type { Struck, Violation } from "./judge/violation.ts";

/** The last line that is printed. */
export interface Report {
  readonly seed: number;
  readonly copies: number;
  readonly runs: number;
  /** Leases that reached a machine. */
  readonly grants: number;
  /** Proven rollbacks: at each grant, and in the middle of some. */
  readonly rollbacks: number;
  readonly commands: number;
  readonly faults: number;
  readonly byKind: Readonly<Record<string, number>>;
  /** Kinds that this computer does not allow, each with the reason. */
  readonly leftOut: readonly string[];
  /** The largest number of times that anybody was overtaken in line. */
  readonly overtakings: number;
  /** The longest that a copy did nothing after a fault was over. */
  readonly silenceMs: number;
  readonly violations: number;
  readonly leftovers: number;
  readonly seconds: number;
}

export function byKind(faults: readonly Struck[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of faults.toSorted((a, b) => a.kind.localeCompare(b.kind))) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

export function describeViolations(violations: readonly Violation[]): string[] {
  return violations.map(({ promise, what }) => `violation  ${promise}: ${what}`);
}

export function describeLeftovers(leftovers: Leftovers): string[] {
  return Object.entries(leftovers).flatMap(([kind, names]: [string, readonly string[]]) =>
    names.map((name) => `leftover   ${kind}: ${name}`),
  );
}

export function sum(all: readonly Leftovers[]): number {
  return all.reduce((total, leftovers) => total + count(leftovers), 0);
}
