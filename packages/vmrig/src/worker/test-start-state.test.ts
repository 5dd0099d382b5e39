import { expect, onTestFinished, vi } from "vitest";
import type { Driver } from "../driver/driver.ts";
import { fakeDriver } from "../driver/fake/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Machine } from "../machine/machine.ts";
import type { ClaimSession } from "./claim-session.ts";
import { claimMachines } from "./claim-machines.ts";
import { test, type TestGate } from "../gate/test-gate.test.kit.ts";
import { serve } from "../gate/socket.test.kit.ts";
import { createTestStartState, type Setup, type TestStartState } from "./test-start-state.ts";

interface Stage {
  readonly claim: ClaimSession;
  readonly pc1: Machine;
  readonly starts: TestStartState;
  readonly remade: string[];
  /** How often the driver brought back what, since the machines were handed out. */
  readonly restored: string[];
  /** Makes the next restores fail. */
  fails: (snapshot: string) => boolean;
}

async function stageOf(scene: TestGate): Promise<Stage> {
  const real = fakeDriver();
  const restored: string[] = [];
  const driver: Driver = {
    ...real,
    async restore(machine, snapshot, admission) {
      if (stage.fails(snapshot))
        throw new VmrigError("ROLLBACK_FAILED", { message: `No ${snapshot} today.` });
      await real.restore(machine, snapshot, admission);
      if (machine.name === "pc1") restored.push(snapshot.replace(/-.*/, ""));
    },
  };
  const { gate } = scene.run({ driver });
  const stage: Partial<Stage> & Pick<Stage, "fails"> = { fails: () => false };
  const client = await (await serve(Promise.resolve(gate))).client();
  const claim = await claimMachines(client, "file");
  onTestFinished(() => claim.release());
  const { pc1 } = claim.machines;
  if (pc1 === undefined) throw new Error("no pc1");
  restored.length = 0;
  const remade: string[] = [];
  return Object.assign(stage, {
    claim,
    pc1,
    restored,
    remade,
    starts: createTestStartState({ claim, onRemade: (why) => remade.push(why) }),
  });
}

/** One that counts how often it was done. */
function setup(
  title: string,
  work: Setup["work"],
  more: Partial<Setup> = {},
): Setup & { readonly work: ReturnType<typeof vi.fn> } {
  return { title, timeoutMs: 30_000, ...more, work: vi.fn<Setup["work"]>(work) };
}

test("is done on the baseline, once; each start brings back what it made, unless nobody has used it since", async ({
  scene,
}) => {
  const { claim, pc1, starts, restored } = await stageOf(scene);
  await pc1.$`echo before > before`;
  const app = setup("app", () => pc1.$`ls > seen; echo 1 > state`);
  for (const state of ["one", "two"]) {
    await starts.begin({ setup: app, clean: false });
    expect((await pc1.$`cat seen state; echo ${state} > state; echo > more`).stdout).toBe(
      "seen\n1",
    );
  }
  expect(restored).toEqual(["baseline", "checkpoint"]);
  for (let nobodyUses = 0; nobodyUses < 3; nobodyUses++)
    await starts.begin({ setup: app, clean: false });
  expect(restored).toEqual(["baseline", "checkpoint", "checkpoint"]);
  await claim.lookers["pc2"]?.exec("true");
  await starts.begin({ setup: app, clean: true });
  expect(restored).toHaveLength(4);
  expect(app.work).toHaveBeenCalledOnce();
});

test("a start without one goes on where the last one stopped, unless that was a set-up's", async ({
  scene,
}) => {
  const { pc1, starts, restored } = await stageOf(scene);
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

test("one that failed is not done again, and is nothing to the others", async ({ scene }) => {
  const { pc1, starts } = await stageOf(scene);
  const broken = setup("app", () => pc1.$`echo > state; exit 28`);
  const inner = setup("inner", () => {}, { within: broken });
  await expect(starts.begin({ setup: inner, clean: false })).rejects.toMatchObject({
    code: "COMMAND_FAILED",
    exitCode: 28,
  });
  for (const again of [broken, inner]) {
    await expect(starts.begin({ setup: again, clean: false })).rejects.toMatchObject({
      code: "SETUP_FAILED",
      summary: "The set-up of app has failed: this test has nothing to start from.",
      details: [expect.stringContaining("exited with 28")],
      cause: { exitCode: 28 },
    });
  }
  expect([broken.work, inner.work].map((work) => work.mock.calls.length)).toEqual([1, 0]);
  await starts.begin({ setup: undefined, clean: false });
  expect((await pc1.$`ls`).stdout).toBe("");
});

test("one whose time is over ends with its commands", async ({ scene }) => {
  const { claim, pc1, starts } = await stageOf(scene);
  let ended: unknown;
  const endless = setup("app", () => pc1.$`sleep 600`.catch((error: unknown) => (ended = error)), {
    timeoutMs: 300,
  });
  await expect(starts.begin({ setup: endless, clean: false })).rejects.toMatchObject({
    code: "SETUP_FAILED",
    summary: "The set-up of app took longer than 0.3 s.",
  });
  await expect
    .poll(() => ended)
    .toMatchObject({ code: "CANCELLED", cause: { code: "SETUP_FAILED" } });
  expect(claim.scope).toBeUndefined();
});

test("one whose checkpoint cannot be brought back is done again, from the baseline, and that is told", async ({
  scene,
}) => {
  const stage = await stageOf(scene);
  const { pc1, starts, remade } = stage;
  const outer = setup("outer", () => pc1.$`echo outer > state`);
  const inner = setup("inner", () => pc1.$`echo inner >> state`, { within: outer });
  await starts.begin({ setup: inner, clean: false });
  await pc1.$`echo changed > state`;
  stage.fails = (snapshot) => snapshot.startsWith("checkpoint-");
  await starts.begin({ setup: inner, clean: false });
  expect((await pc1.$`cat state`).stdout).toBe("outer\ninner");
  expect(remade).toEqual([
    expect.stringMatching(/^No checkpoint-\w+ today\.$/),
    expect.stringMatching(/^No checkpoint-\w+ today\.$/),
  ]);
  stage.fails = () => false;
  await starts.begin({ setup: inner, clean: false });
  expect((await pc1.$`cat state`).stdout).toBe("outer\ninner");
  expect([outer.work, inner.work].map((work) => work.mock.calls.length)).toEqual([2, 2]);
});

test("after a rollback that fails the set-up is done for the next test", async ({ scene }) => {
  const stage = await stageOf(scene);
  const { claim, pc1, starts } = stage;
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
