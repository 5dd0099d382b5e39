import { TestRunner, type RunnerTestSuite } from "vitest";

type Around = (suite: RunnerTestSuite, run: () => Promise<void>) => Promise<void>;

/**
 * Puts a hook around each `describe` of a file, outside of its own ones. A set-up file's
 * `aroundAll` is only that of the file; and when that one ends, other tests have changed the
 * machines since.
 */
export function aroundEachDescribe({ tasks }: RunnerTestSuite, around: Around): void {
  for (const task of tasks) {
    if (task.type !== "suite") continue;
    TestRunner.getSuiteHooks(task).aroundAll.unshift((run) => around(task, run));
    aroundEachDescribe(task, around);
  }
}
