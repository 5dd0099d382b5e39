import assert from "node:assert/strict";
import type { ContractCase } from "./harness.ts";
import { ask, HOME_BASE, rejectsWith, type TestMachines } from "./test-machines.ts";

/** Snapshots that come and go beside the one that cases go back to. */
export function checkpointCases(stage: TestMachines): ContractCase[] {
  const { driver, subject } = stage;
  const { captureTogether, drop, stop } = driver;
  const onAll = (line: string): Promise<string[]> =>
    Promise.all(stage.names.map((name) => ask(stage, name, line)));
  const snapshots = async (name: string): Promise<readonly string[]> =>
    (await stage.status(name)).snapshots.toSorted();

  const together: ContractCase = {
    title:
      "machines that were captured together go on, and each can be brought back to that and to other snapshots",
    async run() {
      assert(captureTogether !== undefined);
      await stage.rewind();
      await onAll("echo one > state; sync");
      await captureTogether(
        stage.names.map((name) => stage.ref(name)),
        "checkpoint-1",
        stage.authority(),
      );
      await onAll("echo two > state; sync");
      await captureTogether(
        stage.names.map((name) => stage.ref(name)),
        "checkpoint-2",
        stage.authority(),
      );
      for (const [snapshot, state] of [
        ["checkpoint-1", "one"],
        ["checkpoint-2", "two"],
        ["checkpoint-1", "one"],
      ] as const) {
        await Promise.all(
          stage.names.map((name) => driver.restore(stage.ref(name), snapshot, stage.admission())),
        );
        assert.deepEqual(
          await onAll("cat state"),
          stage.names.map(() => state),
        );
      }
      await stage.rewind();
      assert.deepEqual(
        await onAll("[ -e state ] || echo none"),
        stage.names.map(() => "none"),
      );
    },
  };

  const dropping: ContractCase = {
    title:
      "a snapshot that was dropped is not listed and cannot be restored, also where it was dropped off; others stay; again is no fault",
    async run() {
      assert(drop !== undefined);
      await stage.rewind(subject);
      for (const name of ["early", "late"])
        await driver.capture(stage.ref(subject), name, stage.authority());
      await drop(stage.ref(subject), "early", stage.authority());
      assert.deepEqual(
        (await snapshots(subject)).filter((name) => !name.startsWith("checkpoint-")),
        [HOME_BASE, "late"],
      );
      await rejectsWith(
        "ROLLBACK_FAILED",
        "a dropped snapshot",
        driver.restore(stage.ref(subject), "early", stage.admission()),
      );
      await stop?.(stage.ref(subject), stage.authority());
      for (const name of ["late", "late", "checkpoint-1", "checkpoint-2"])
        await drop(stage.ref(subject), name, stage.authority());
      assert.deepEqual(await snapshots(subject), [HOME_BASE]);
      await stage.rewind(subject);
      assert.equal(await ask(stage, subject, "cat kept"), "kept");
      for (const name of stage.names) {
        for (const snapshot of ["checkpoint-1", "checkpoint-2"])
          await drop(stage.ref(name), snapshot, stage.authority());
        assert.deepEqual(await snapshots(name), [HOME_BASE]);
      }
    },
  };

  return [
    ...(captureTogether === undefined ? [] : [together]),
    ...(drop === undefined ? [] : [dropping]),
  ];
}
