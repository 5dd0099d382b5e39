import type { Leftovers } from "./rig/leftovers.ts";
import { count } from "./rig/leftovers.ts";
import type { Violation } from "./judge/violation.ts";

/** The last line of the output. */
export interface Report {
  readonly seed: number;
  readonly copies: number;
  readonly runs: number;
  /** Number of leases that reached a machine. */
  readonly grants: number;
  /** Number of proven rollbacks: one for each grant, and those in the middle of a visit. */
  readonly rollbacks: number;
  readonly commands: number;
  readonly faults: number;
  readonly byKind: Readonly<Record<string, number>>;
  /** Faults that this computer does not allow, each with the reason. */
  readonly leftOut: readonly string[];
  /** Number of copies that were marked as broken because of a full disk, and repaired. */
  readonly repaired: number;
  /**
   * Results of failed visits and of ex-holders: error codes, and the machines' answers (refused or
   * accepted).
   */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Maximum number of times that a run was overtaken in the queue. */
  readonly overtakings: number;
  /** Longest time that a copy was unused after a fault. */
  readonly silenceMs: number;
  readonly violations: number;
  readonly leftovers: number;
  readonly seconds: number;
  /** Only of a suite in the cloud. */
  readonly cloud?: CloudCounts;
}

export interface CloudCounts {
  /** Calls of the API, by runs and by persons. */
  readonly calls: number;
  /** Calls that were refused, by status. */
  readonly refused: Readonly<Record<string, number>>;
  /** Calls after a later lease had claimed the server, of runs that could not know it. */
  readonly lateCalls: number;
  /** Servers that were created. */
  readonly created: number;
}

/** Counts each word. */
export function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** Reads outcomes from the output of the runs: `failed LEASE_LOST`, `refused login`. */
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
