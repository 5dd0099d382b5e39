import { expect, onTestFinished, vi } from "vitest";
import type { Driver } from "../driver/driver.ts";
import { fakeDriver } from "../driver/fake/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Machine } from "../machine/machine.ts";
import type { ClaimSession } from "./claim-session.ts";
import { claimMachines } from "./claim-machines.ts";
import { test, type TestGate } from "../gate/test-gate.test.kit.ts";
import { serve } from "../gate/socket.test.kit.ts";
import { createTestStartState, type TestStartState } from "./test-start-state.ts";
import type { Setup } from "./setup.ts";

interface StartStateTest {
  readonly claim: ClaimSession;
  readonly pc1: Machine;
  readonly starts: TestStartState;
  readonly remade: string[];
  /** Kinds of snapshots that the driver restored since the machines were granted. */
  readonly restored: string[];
  /** Makes the restores of matching snapshots fail. */
  fails: (snapshot: string) => boolean;
}

async function setUpStartState(testGate: TestGate): Promise<StartStateTest> {
  const real = fakeDriver();
  const restored: string[] = [];
  const driver: Driver = {
    ...real,
    async restore(machine, snapshot, admission) {
      if (context.fails(snapshot))
        throw new VmrigError("ROLLBACK_FAILED", { message: `No ${snapshot} today.` });
      await real.restore(machine, snapshot, admission);
      if (machine.name === "pc1") restored.push(snapshot.replace(/-.*/, ""));
    },
  };
  const { gate } = testGate.run({ driver });
  const context: Partial<StartStateTest> & Pick<StartStateTest, "fails"> = { fails: () => false };
  const client = await (await serve(Promise.resolve(gate))).client();
  const claim = await claimMachines(client, "file");
  onTestFinished(() => claim.release());
  const { pc1 } = claim.machines;
  if (pc1 === undefined) throw new Error("no pc1");
  restored.length = 0;
  const remade: string[] = [];
  return Object.assign(context, {
    claim,
    pc1,
    restored,
    remade,
    starts: createTestStartState({ claim, onRemade: (why) => remade.push(why) }),
  });
}

/** Creates a set-up that counts its runs. */
function setup(
  title: string,
  work: Setup["work"],
  more: Partial<Setup> = {},
): Setup & { readonly work: ReturnType<typeof vi.fn> } {
  return { title, timeoutMs: 30_000, ...more, work: vi.fn<Setup["work"]>(work) };
}

test("a set-up runs once, on the baseline; each start restores its checkpoint, unless no command has used the machines since", async ({
  testGate,
}) => {
  const { claim, pc1, starts, restored } = await setUpStartState(testGate);
  await pc1.$`echo before > before`;
  const app = setup("app", () => pc1.$`ls > seen; echo 1 > state`);
  for (const state of ["one", "two"]) {
    await starts.begin({ setup: app, clean: false });
    expect((await pc1.$`cat seen state; echo ${state} > state; echo > more`).stdout).toBe(
      "seen\n1",
    );
  }
  expect(restored).toEqual(["baseline", "checkpoint"]);
  for (let unused = 0; unused < 3; unused++) await starts.begin({ setup: app, clean: false });
  expect(restored).toEqual(["baseline", "checkpoint", "checkpoint"]);
  await claim.evidenceMachines["pc2"]?.exec("true");
  await starts.begin({ setup: app, clean: true });
  expect(restored).toHaveLength(4);
  expect(app.work).toHaveBeenCalledOnce();
});

test("a start without a set-up continues from the last test's state, unless that test had a set-up", async ({
  testGate,
}) => {
  const { pc1, starts, restored } = await setUpStartState(testGate);
  await pc1.$`echo > left`;
  await starts.begin({ setup: undefined, clean: false });
  expect((await pc1.$`ls`).stdout).toBe("left");
  await starts.begin({ setup: setup("app", () => pc1.$`echo > state`), clean: false });
  await starts.begin({ setup: undefined, clean: false });
  expect((await pc1.$`ls; echo > left`).stdout).toBe("");
  await starts.begin({ setup: undefined, clean: false });
  expect((await pc1.$`ls`).stdout).toBe("left");
  expect(restored).toEqual(["baseline", "baseline"]);
});

test("a failed set-up does not run again, and does not affect other tests", async ({
  testGate,
}) => {
  const { pc1, starts } = await setUpStartState(testGate);
  const broken = setup("app", () => pc1.$`echo > state; exit 28`);
  const inner = setup("inner", () => {}, { within: broken });
  await expect(starts.begin({ setup: inner, clean: false })).rejects.toMatchObject({
    code: "COMMAND_FAILED",
    exitCode: 28,
  });
  for (const again of [broken, inner]) {
    await expect(starts.begin({ setup: again, clean: false })).rejects.toMatchObject({
      code: "SETUP_FAILED",
      summary: "The test did not start: setupOnce of app failed.",
      details: [expect.stringContaining("exited with 28")],
      cause: { exitCode: 28 },
    });
  }
  expect([broken.work, inner.work].map((work) => work.mock.calls.length)).toEqual([1, 0]);
  await starts.begin({ setup: undefined, clean: false });
  expect((await pc1.$`ls`).stdout).toBe("");
});

test("a set-up that times out ends with its commands", async ({ testGate }) => {
  const { claim, pc1, starts } = await setUpStartState(testGate);
  let ended: unknown;
  const endless = setup("app", () => pc1.$`sleep 600`.catch((error: unknown) => (ended = error)), {
    timeoutMs: 300,
  });
  await expect(starts.begin({ setup: endless, clean: false })).rejects.toMatchObject({
    code: "SETUP_FAILED",
    summary: "setupOnce of app took longer than 0.3 s.",
  });
  await expect
    .poll(() => ended)
    .toMatchObject({ code: "CANCELLED", cause: { code: "SETUP_FAILED" } });
  expect(claim.scope).toBeUndefined();
});

test("a set-up whose checkpoint cannot be restored runs again from the baseline, and the reason is reported", async ({
  testGate,
}) => {
  const context = await setUpStartState(testGate);
  const { pc1, starts, remade } = context;
  const outer = setup("outer", () => pc1.$`echo outer > state`);
  const inner = setup("inner", () => pc1.$`echo inner >> state`, { within: outer });
  await starts.begin({ setup: inner, clean: false });
  await pc1.$`echo changed > state`;
  context.fails = (snapshot) => snapshot.startsWith("checkpoint-");
  await starts.begin({ setup: inner, clean: false });
  expect((await pc1.$`cat state`).stdout).toBe("outer\ninner");
  expect(remade).toEqual([
    expect.stringMatching(/^No checkpoint-\w+ today\.$/),
    expect.stringMatching(/^No checkpoint-\w+ today\.$/),
  ]);
  context.fails = () => false;
  await starts.begin({ setup: inner, clean: false });
  expect((await pc1.$`cat state`).stdout).toBe("outer\ninner");
  expect([outer.work, inner.work].map((work) => work.mock.calls.length)).toEqual([2, 2]);
});

test("after a failed rollback the set-up runs for the next test", async ({ testGate }) => {
  const context = await setUpStartState(testGate);
  const { claim, pc1, starts } = context;
  await pc1.$`echo > left`;
  const app = setup("app", () => pc1.$`ls > seen`);
  const rollBack = vi
    .spyOn(claim, "rollBack")
    .mockRejectedValueOnce(new VmrigError("ROLLBACK_FAILED", { message: "Not today." }));
  await expect(starts.begin({ setup: app, clean: false })).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
  });
  expect(app.work).not.toHaveBeenCalled();
  await starts.begin({ setup: app, clean: false });
  expect((await pc1.$`cat seen`).stdout).toBe("seen");
  expect(rollBack).toHaveBeenCalledTimes(2);
});
