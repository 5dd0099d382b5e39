import type { Violation } from "./violation.ts";

/**
 * Lines of a worker about a failed visit, and of a gate about a bug in vmrig. For a fault of the
 * infrastructure vmrig has specific error codes.
 */
const BUG = / {2}(?:failed {3}(?:INTERNAL|UNKNOWN)|bug {6}) *(.*)$/;

/**
 * Checks that vmrig recognises every fault. Reads the output of the runs, and reports repeated
 * lines once.
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
