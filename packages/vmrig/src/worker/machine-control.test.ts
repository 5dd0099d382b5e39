import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { fakeDriver } from "../driver/fake/driver.ts";
import { machineFiles } from "../driver/fake/machine-files.ts";
import type { Machine } from "../machine/machine.ts";
import type { ClaimSession } from "./claim-session.ts";
import { claimMachines } from "./claim-machines.ts";
import { test, type Run, type TestGate } from "../gate/test-gate.test.kit.ts";
import { serve } from "../gate/socket.test.kit.ts";

async function claimOf(run: Run): Promise<ClaimSession> {
  const client = await (await serve(Promise.resolve(run.gate))).client();
  const claim = await claimMachines(client, "file");
  onTestFinished(() => claim.release());
  return claim;
}

async function two(
  testGate: TestGate,
): Promise<{ readonly claim: ClaimSession; readonly pc1: Machine; readonly pc2: Machine }> {
  const claim = await claimOf(testGate.run());
  const { pc1, pc2 } = claim.machines;
  if (pc1 === undefined || pc2 === undefined) throw new Error("no machines");
  return { claim, pc1, pc2 };
}

async function checkpoints(testGate: TestGate): Promise<string[]> {
  const all = Object.values(await testGate.machines()).flatMap(({ snapshots }) => snapshots);
  return all.filter((name) => name.startsWith("checkpoint-"));
}

test("a command after a reboot runs on the new boot; a running command fails with CONNECTION_LOST, and a command during the reboot waits", async ({
  testGate,
}) => {
  const { claim, pc1 } = await two(testGate);
  const before = (await pc1.$`echo mine > mine; echo $VMRIG_BOOT_ID`).stdout;
  const endless = pc1.$`touch begun; exec sleep 600`.catch((error: unknown) => error);
  await pc1.waitUntilSucceeds`test -e begun`;
  const rebooting = pc1.reboot();
  expect(await endless).toMatchObject({ code: "CONNECTION_LOST" });
  const meanwhile = pc1.$`echo $VMRIG_BOOT_ID; cat mine`;
  await rebooting;
  const [after, mine] = (await meanwhile).stdout.split("\n");
  expect([after === before, mine]).toEqual([false, "mine"]);
  expect((await pc1.$`echo $VMRIG_BOOT_ID`).stdout).toBe(after);
  await claim.rollBack();
  expect((await pc1.$`ls`).stdout).toBe("");
});

for (const command of ["crash", "powerOff"] as const) {
  test(`after ${command} commands, waits and faults fail immediately with MACHINE_OFF; powerOn and a rollback start the machine again`, async ({
    testGate,
  }) => {
    const { claim, pc1, pc2 } = await two(testGate);
    await pc1.$`echo mine > mine`;
    await pc1[command]();
    expect((await testGate.machines())["pc1"]?.power).toBe("off");
    await expect(pc1.$`true`).rejects.toMatchObject({
      code: "MACHINE_OFF",
      hint: "powerOn() boots it from its disk",
    });
    await expect(pc1.waitForFile("mine")).rejects.toMatchObject({ code: "MACHINE_OFF" });
    await expect(pc1.reboot()).rejects.toMatchObject({ code: "MACHINE_OFF" });
    await expect(pc1.checkpoint("off")).rejects.toMatchObject({ code: "MACHINE_OFF" });
    expect((await pc2.$`hostname`).stdout).toBe("pc2");
    await pc1.powerOn();
    expect((await pc1.$`cat mine`).stdout).toBe("mine");
    await pc1[command]();
    await claim.rollBack();
    expect((await pc1.$`ls`).stdout).toBe("");
  });
}

test("connect and a rollback restore a disconnected link", async ({ testGate }) => {
  const { claim, pc1 } = await two(testGate);
  const pulled = async (): Promise<boolean | undefined> =>
    (await testGate.machines())["pc1"]?.disconnected;
  await pc1.disconnect();
  expect([await pulled(), (await pc1.$`hostname`).stdout]).toEqual([true, "pc1"]);
  await pc1.connect();
  expect(await pulled()).toBeUndefined();
  await pc1.disconnect();
  await claim.rollBack();
  expect(await pulled()).toBeUndefined();
});

test("a machine restores its checkpoint repeatedly and alone; the checkpoint is deleted when the claim ends", async ({
  testGate,
}) => {
  const { claim, pc1, pc2 } = await two(testGate);
  await pc1.$`echo installed > state`;
  const running = pc1.$`sleep 600`.catch((error: unknown) => error);
  const installed = await pc1.checkpoint("installed");
  expect(installed).toEqual({ name: "installed", machines: ["pc1"] });
  await pc2.$`echo here > state`;
  for (const state of ["one", "two"]) {
    await pc1.$`echo ${state} > state; echo more > more`;
    await pc1.restore(installed);
    expect((await pc1.$`cat state; ls`).stdout).toBe("installed\nstate");
  }
  expect(await running).toMatchObject({ code: "CONNECTION_LOST" });
  expect((await pc2.$`cat state`).stdout).toBe("here");
  await pc1.crash();
  await pc1.restore(installed);
  expect((await pc1.$`cat state`).stdout).toBe("installed");
  await expect(pc2.restore(installed)).rejects.toMatchObject({
    code: "CHECKPOINT_UNKNOWN",
    summary: 'Checkpoint "installed" does not include pc2.',
  });
  await expect(pc1.restore({ ...installed })).rejects.toMatchObject({ code: "CHECKPOINT_UNKNOWN" });
  const byName: unknown = "installed";
  await expect(pc1.restore(byName as typeof installed)).rejects.toThrow(
    "This test file has no checkpoint 'installed'.",
  );

  await claim.rollBack();
  expect((await pc1.$`ls`).stdout).toBe("");
  await pc1.restore(installed);
  expect((await pc1.$`cat state`).stdout).toBe("installed");
  expect(await checkpoints(testGate)).toHaveLength(1);
  await claim.release();
  await expect.poll(() => checkpoints(testGate), { timeout: 10_000 }).toEqual([]);
});

test("a checkpoint of the rig restores all machines together", async ({ testGate }) => {
  const { claim, pc1, pc2 } = await two(testGate);
  await Promise.all([pc1, pc2].map((machine) => machine.$`echo kept > state`));
  const both = await claim.rig.checkpoint();
  expect(both.machines).toEqual(["pc1", "pc2"]);
  await Promise.all([pc1, pc2].map((machine) => machine.$`echo changed > state`));
  await pc2.powerOff();
  await claim.rig.restore(both);
  expect(
    await Promise.all([pc1, pc2].map(async (machine) => (await machine.$`cat state`).stdout)),
  ).toEqual(["kept", "kept"]);
});

test("a restore that did nothing is detected, and no command runs until a rollback", async ({
  testGate,
}) => {
  const driver = fakeDriver();
  let lazy = false;
  const claim = await claimOf(
    testGate.run({
      driver: {
        ...driver,
        restore: async (...args) => (lazy ? undefined : await driver.restore(...args)),
      },
    }),
  );
  const { pc1 } = claim.machines;
  if (pc1 === undefined) throw new Error("no pc1");
  const checkpoint = await pc1.checkpoint("kept");
  lazy = true;
  await expect(pc1.restore(checkpoint)).rejects.toMatchObject({ code: "ROLLBACK_FAILED" });
  await expect(pc1.$`true`).rejects.toMatchObject({ code: "ROLLBACK_FAILED" });
  lazy = false;
  await claim.rollBack();
  expect((await pc1.$`hostname`).stdout).toBe("pc1");
});

test("the next holder deletes a checkpoint that no process knows any more", async ({
  testGate,
}) => {
  const first = testGate.run();
  await (await claimOf(first)).release();
  await first.gate.close();
  // State that a killed run leaves behind.
  await mkdir(join(machineFiles(await testGate.copy(), "pc1").snapshots, "checkpoint-dead"));
  expect(await checkpoints(testGate)).toEqual(["checkpoint-dead"]);
  await claimOf(testGate.run());
  expect(await checkpoints(testGate)).toEqual([]);
});

test("an unsupported control command reports the missing capability, and commands that need a system are not tried on a machine without one", async ({
  testGate,
}) => {
  const { power: _, network: __, drop: ___, ...plain } = fakeDriver();
  const { pc1, pc2 } = (await claimOf(testGate.run({ driver: plain }))).machines;
  if (pc1 === undefined || pc2 === undefined) throw new Error("no machines");
  for (const refused of [
    () => pc1.powerOff(),
    () => pc1.disconnect(),
    () => pc1.checkpoint("x"),
    () => pc1.block(pc2),
    () => pc1.slow({ latency: "1s" }),
    () => pc1.skewClock("1m"),
    () => pc1.fillDisk(),
  ]) {
    await expect(refused()).rejects.toMatchObject({ code: "CAPABILITY_MISSING" });
  }
});

test("waitForConsole resolves with the line that was printed, and reports the last line at its timeout", async ({
  testGate,
}) => {
  const { pc1 } = await two(testGate);
  expect(await pc1.waitForConsole("is back at")).toMatch(/^--- vmrig: pc1 is back at baseline-/);
  await expect(pc1.waitForConsole(/kernel panic/i, { timeout: 200 })).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: expect.stringContaining("pc1 is back at baseline-"),
  });
});
