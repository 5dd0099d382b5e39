import { writeFileSync } from "node:fs";

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * Counts what Vitest reports. A file or a `describe` that failed outside of its tests counts as one
 * failure: its tests may never have come into being, and "0 failed" under a red run would be a lie.
 * So does an error that belongs to no test.
 *
 * @param {ReadonlyArray<import("vitest/node").TestModule>} modules
 * @param {number} unhandled errors that Vitest could give to no test
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
 * A Vitest reporter for readers that know no Vitest: says how the run ended, in one plain line,
 * after everything else. Where `VMRIG_CLOSING_LINE` names a file, the line goes there instead, for
 * a caller that has more to print before it.
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
