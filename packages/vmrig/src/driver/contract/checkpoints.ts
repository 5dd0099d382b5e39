import assert from "node:assert/strict";
import type { ContractCase } from "./harness.ts";
import { ask, CONTRACT_SNAPSHOT, rejectsWith, type TestMachines } from "./test-machines.ts";

/** Cases about checkpoints: snapshots beside the one that cases restore. */
export function checkpointCases(testMachines: TestMachines): ContractCase[] {
  const { driver, subject } = testMachines;
  const { captureTogether, drop, stop } = driver;
  const onAll = (line: string): Promise<string[]> =>
    Promise.all(testMachines.names.map((name) => ask(testMachines, name, line)));
  const snapshots = async (name: string): Promise<readonly string[]> =>
    (await testMachines.status(name)).snapshots.toSorted();

  const together: ContractCase = {
    title:
      "machines that were captured together continue to run, and each can be restored to that and to other snapshots",
    async run() {
      assert(captureTogether !== undefined);
      await testMachines.restore();
      await onAll("echo one > state; sync");
      await captureTogether(
        testMachines.names.map((name) => testMachines.ref(name)),
        "checkpoint-1",
        testMachines.authority(),
      );
      await onAll("echo two > state; sync");
      await captureTogether(
        testMachines.names.map((name) => testMachines.ref(name)),
        "checkpoint-2",
        testMachines.authority(),
      );
      for (const [snapshot, state] of [
        ["checkpoint-1", "one"],
        ["checkpoint-2", "two"],
        ["checkpoint-1", "one"],
      ] as const) {
        await Promise.all(
          testMachines.names.map((name) =>
            driver.restore(testMachines.ref(name), snapshot, testMachines.admission()),
          ),
        );
        assert.deepEqual(
          await onAll("cat state"),
          testMachines.names.map(() => state),
        );
      }
      await testMachines.restore();
      assert.deepEqual(
        await onAll("[ -e state ] || echo none"),
        testMachines.names.map(() => "none"),
      );
    },
  };

  const dropping: ContractCase = {
    title:
      "a dropped snapshot is not listed and cannot be restored, also when its machine was off; other snapshots stay; dropping it again succeeds",
    async run() {
      assert(drop !== undefined);
      await testMachines.restore(subject);
      for (const name of ["early", "late"])
        await driver.capture(testMachines.ref(subject), name, testMachines.authority());
      await drop(testMachines.ref(subject), "early", testMachines.authority());
      assert.deepEqual(
        (await snapshots(subject)).filter((name) => !name.startsWith("checkpoint-")),
        [CONTRACT_SNAPSHOT, "late"],
      );
      await rejectsWith(
        "ROLLBACK_FAILED",
        "a dropped snapshot",
        driver.restore(testMachines.ref(subject), "early", testMachines.admission()),
      );
      await stop?.(testMachines.ref(subject), testMachines.authority());
      for (const name of ["late", "late", "checkpoint-1", "checkpoint-2"])
        await drop(testMachines.ref(subject), name, testMachines.authority());
      assert.deepEqual(await snapshots(subject), [CONTRACT_SNAPSHOT]);
      await testMachines.restore(subject);
      assert.equal(await ask(testMachines, subject, "cat kept"), "kept");
      for (const name of testMachines.names) {
        for (const snapshot of ["checkpoint-1", "checkpoint-2"])
          await drop(testMachines.ref(name), snapshot, testMachines.authority());
        assert.deepEqual(await snapshots(name), [CONTRACT_SNAPSHOT]);
      }
    },
  };

  return [
    ...(captureTogether === undefined ? [] : [together]),
    ...(drop === undefined ? [] : [dropping]),
  ];
}
