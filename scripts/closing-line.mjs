import { writeFileSync } from "node:fs";

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * Counts Vitest's results. A file or a `describe` that failed outside of its tests counts as one
 * failure: its tests may never have been collected, and "0 failed" would be wrong for a red run. An
 * error that belongs to no test counts as one failure, too.
 *
 * @param {ReadonlyArray<import("vitest/node").TestModule>} modules
 * @param {number} unhandled number of errors that Vitest could not assign to a test
 * @returns {Counts}
 */
export function countTests(modules, unhandled) {
  const counts = { passed: 0, failed: unhandled, skipped: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      counts[state === "pending" ? "skipped" : state] += 1;
    }
    for (const owner of [module, ...module.children.allSuites()])
      if (owner.errors().length > 0) counts.failed += 1;
  }
  return counts;
}

/** @param {Counts} counts */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

/**
 * A Vitest reporter for programs that do not know Vitest's output: prints the result of the run in
 * one plain line, after all other output. When `VMRIG_CLOSING_LINE` names a file, the line goes to
 * that file instead, for a caller that prints more before it.
 */
export default class ClosingLineReporter {
  /**
   * @param {ReadonlyArray<import("vitest/node").TestModule>} modules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const line = `${closingLine(countTests(modules, unhandledErrors.length))}\n`;
    const file = process.env["VMRIG_CLOSING_LINE"];
    if (file) writeFileSync(file, line);
    else process.stdout.write(line);
  }
}
