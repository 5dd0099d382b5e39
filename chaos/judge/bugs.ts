import type { Violation } from "./violation.ts";

/**
 * What a worker says of a failed visit, and a gate of itself: for a fault of the infrastructure
 * vmrig has better words.
 */
const BUG = / {2}(?:failed {3}(?:INTERNAL|UNKNOWN)|bug {6}) *(.*)$/;

/**
 * No fault is so bad that vmrig may not know what it was. From what the runs printed; what was said
 * again and again is told once.
 */
export function judgeBugs(log: string): Violation[] {
  const counts = new Map<string, number>();
  for (const line of log.split("\n")) {
    const [, words] = BUG.exec(line) ?? [];
    if (words !== undefined) counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return [...counts].map(([words, times]) => ({
    promise: "no bug",
    what: `${words} (${times} times)`,
  }));
}
