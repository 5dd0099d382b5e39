import { expect, onTestFinished } from "vitest";
import { systemClock, type Clock } from "../clock/clock.ts";
import type { RollbackPolicy } from "../config/schema.ts";
import type { ClaimSession } from "./claim-session.ts";
import { claimMachines } from "./claim-machines.ts";
import { rollbacks } from "../gate/rollbacks.test.kit.ts";
import { test, type TestGate } from "../gate/test-gate.test.kit.ts";
import { serve } from "../gate/socket.test.kit.ts";

interface CountedRollbacks {
  /** Returns the number of rollbacks of a machine since the last call. */
  rolledBack(): number;
  claim(rollback: RollbackPolicy, clock?: Clock): Promise<ClaimSession>;
}

async function countRollbacks(testGate: TestGate): Promise<CountedRollbacks> {
  const watched = rollbacks();
  const client = await (
    await serve(Promise.resolve(testGate.run({ driver: watched.driver }).gate))
  ).client();
  return {
    rolledBack() {
      const { begun } = watched;
      watched.begun = 0;
      return begun;
    },
    async claim(rollback, clock) {
      const claim = await claimMachines(client, rollback, clock);
      onTestFinished(() => claim.release());
      return claim;
    },
  };
}

test("machines that no command has used are not rolled back again", async ({ testGate }) => {
  const { claim: claimOf, rolledBack } = await countRollbacks(testGate);
  const claim = await claimOf("test");
  rolledBack();
  for (let test = 0; test < 3; test++) await claim.rollBack();
  expect(rolledBack()).toBe(0);
  expect((await claim.machines["pc1"]?.exec("ls"))?.stdout).toBe("");
  expect(claim.restoredTo).toBeUndefined();
  await claim.rollBack();
  await claim.rollBack();
  expect(rolledBack()).toBe(2);
});

test("using one machine makes all machines roll back: it may have reached the others", async ({
  testGate,
}) => {
  const { claim: claimOf, rolledBack } = await countRollbacks(testGate);
  const claim = await claimOf("test");
  rolledBack();
  for (const use of [
    async () => claim.machines["pc2"]?.exec("true"),
    async () => claim.machines["pc1"]?.disconnect(),
    async () => claim.rig.checkpoint(),
    async () => claim.connect("pc1"),
    async () => claim.target("pc1"),
  ]) {
    await use();
    await claim.rollBack();
    expect(rolledBack(), use.toString()).toBe(2);
  }
  await claim.machines["pc2"]?.exec("true");
  await claim.evidenceMachines["pc1"]?.exec("true");
  await claim.rollBack();
  expect(rolledBack()).toBe(2);
  await claim.console("pc1");
  await claim.rollBack();
  expect(rolledBack()).toBe(0);
});

test("unused machines are rolled back after a minute, because time passes on them", async ({
  testGate,
}) => {
  let now = 0;
  const { claim: claimOf, rolledBack } = await countRollbacks(testGate);
  const claim = await claimOf("test", { ...systemClock, monotonic: () => now });
  rolledBack();
  now = 59_999;
  await claim.rollBack();
  expect(rolledBack()).toBe(0);
  now = 60_000;
  await claim.rollBack();
  await claim.rollBack();
  expect(rolledBack()).toBe(2);
});

test("a new claim rolls machines back even when the last claim did not use them", async ({
  testGate,
}) => {
  const { claim: claimOf, rolledBack } = await countRollbacks(testGate);
  for (let file = 0; file < 2; file++) {
    const claim = await claimOf("test");
    expect(rolledBack()).toBe(2);
    await claim.release();
    await expect(claim.rollBack()).rejects.toMatchObject({ code: "LEASE_LOST" });
  }
});

test("an explicit rollback restores machines that another file left, used or not", async ({
  testGate,
}) => {
  const { claim: claimOf, rolledBack } = await countRollbacks(testGate);
  await (await claimOf("run")).release();
  rolledBack();
  const second = await claimOf("run");
  expect([second.fresh, rolledBack()]).toEqual([false, 0]);
  await second.rollBack();
  expect(rolledBack()).toBe(2);
});
