import type { Violation } from "../judge/violation.ts";

const REFUSED = / {2}failed {3}((?:STATE_LOST|PLAN_REFUSED|MACHINE_LOST) .*)$/;

/**
 * Checks that no run needs a person: a run that may do everything, and one that only adds a machine,
 * is never refused.
 */
export function judgeRefusals(log: string): Violation[] {
  return log.split("\n").flatMap((line) => {
    const [, words] = REFUSED.exec(line) ?? [];
    return words === undefined ? [] : [{ promise: "recovers", what: words } as const];
  });
}
