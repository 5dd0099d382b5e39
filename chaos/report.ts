import type { Leftovers } from "./leftovers.ts";
import { count } from "./leftovers.ts";
import type { Violation } from "./judge/violation.ts";

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
  /** Copies that were marked as broken, because their disk was full, and mended. */
  readonly mended: number;
  /**
   * What became of visits and of those who tried once more after theirs: error codes, and what the
   * machines refused or accepted.
   */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The largest number of times that anybody was overtaken in line. */
  readonly overtakings: number;
  /** The longest that a copy did nothing after a fault was over. */
  readonly silenceMs: number;
  readonly violations: number;
  readonly leftovers: number;
  readonly seconds: number;
}

/** How often each word comes. */
export function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** From what the runs printed: `failed LEASE_LOST`, `refused login`. */
export function outcomes(log: string): Record<string, number> {
  return tally(
    [...log.matchAll(/ {2}(?:(failed) +(\w+)|(refused|accepted) +(login|rollback))/g)].map(
      (match) => match.slice(1).filter(Boolean).join(" "),
    ),
  );
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
