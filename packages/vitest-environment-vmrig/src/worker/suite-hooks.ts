import { TestRunner, type RunnerTestSuite } from "vitest";

type Around = (suite: RunnerTestSuite, run: () => Promise<void>) => Promise<void>;

/**
 * Adds a hook around each `describe` of a file, outside of its own hooks. The `aroundAll` of a
 * setup file surrounds the whole file only. When it ends, other tests have already changed the
 * machines.
 */
export function aroundEachDescribe({ tasks }: RunnerTestSuite, around: Around): void {
  for (const task of tasks) {
    if (task.type !== "suite") continue;
    TestRunner.getSuiteHooks(task).aroundAll.unshift((run) => around(task, run));
    aroundEachDescribe(task, around);
  }
}
