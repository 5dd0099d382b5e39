import { expect } from "vitest";
import { systemClock, type Clock } from "../../clock/clock.ts";
import type { Driver } from "../../driver/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { keysOf } from "../../lease/keys.ts";
import { begun, holdUp, rollbacks, linesOf, until } from "../rollbacks.test.kit.ts";
import { on, test } from "../test-gate.test.kit.ts";

const ONE = { machines: { pc1: {} } } as const;

test("the next file finds its machines at their baseline: they were rolled back before it asked", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const { gate, logLines } = testGate.run({ ...ONE, driver: watched.driver });
  const first = await gate.claim("file");
  await on(first, "pc1", "echo dirty > dirty");
  gate.expect(2);
  gate.release(first.claim);
  await begun(watched, 2);

  const second = await gate.claim("file");

  expect(watched.begun).toBe(2);
  expect(second).toMatchObject({ fresh: true, fence: first.fence });
  expect(await on(second, "pc1", "ls")).toBe("");
  expect(logLines.at(-1)).toMatch(/^rollback pcs-1: pc1 back at \w+ in .*, begun .* ahead$/);
  gate.release(second.claim);
  await gate.close();
  expect(watched.begun, "no rollback for a file that does not come").toBe(2);
});

test("a file that asks during a rollback ahead waits for it, and the rollback runs only once", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const order: string[] = [];
  const restore: Driver["restore"] = async (...call) => {
    await watched.driver.restore(...call);
    order.push("rolled back");
  };
  const { gate } = testGate.run({ ...ONE, driver: { ...watched.driver, restore } });
  const claim = () => gate.claim("test").finally(() => order.push("granted"));
  const first = await claim();
  gate.expect(2);
  const goOn = holdUp(watched);
  gate.release(first.claim);
  await begun(watched, 2);
  const second = claim();
  // One program ends and one starts: this takes longer than a grant that does not wait for them.
  goOn();

  expect(await on(await second, "pc1", "ls")).toBe("");
  expect(order).toEqual(["rolled back", "granted", "rolled back", "granted"]);
  expect(watched.begun).toBe(2);
});

test("a failed rollback ahead fails no test: the next file reports it once, and rolls its machines back", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const run = testGate.run({ ...ONE, driver: watched.driver });
  const { gate } = run;
  const first = await gate.claim("file");
  watched.first = () => {
    throw new VmrigError("ROLLBACK_FAILED", { message: "The disk of pc1 is slow." });
  };
  gate.expect(2);
  gate.release(first.claim);
  await begun(watched, 2);

  expect(await on(await gate.claim("file"), "pc1", "ls")).toBe("");

  expect(watched.begun).toBe(3);
  expect(linesOf(run, "ahead")).toEqual([
    "ahead    pcs-1: rollback ahead of time failed, the next file rolls back itself; The disk of pc1 is slow.",
  ]);
  expect([...linesOf(run, "recover"), ...linesOf(run, "broken")]).toEqual([]);
});

test("the proof detects a rollback ahead that did nothing, and the next file recovers from it", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const { restore } = watched.driver;
  const driver: Driver = {
    ...watched.driver,
    async restore(machine, snapshot, admission) {
      if (watched.begun === 1) watched.begun += 1;
      else await restore(machine, snapshot, admission);
    },
  };
  const run = testGate.run({ ...ONE, driver });
  const first = await run.gate.claim("file");
  await on(first, "pc1", "echo dirty > dirty");
  run.gate.expect(2);
  run.gate.release(first.claim);
  await begun(watched, 2);
  await until(() =>
    expect(linesOf(run, "ahead")).toEqual([expect.stringContaining("Could not verify that")]),
  );

  expect(await on(await run.gate.claim("file"), "pc1", "ls")).toBe("");
  expect(linesOf(run, "ahead")).toHaveLength(1);
});

test("files with one rollback per run find the state that the last file left", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const sleeps: number[] = [];
  const sleep: Clock["sleep"] = (ms, signal) => (sleeps.push(ms), systemClock.sleep(ms, signal));
  const { gate } = testGate.run(
    { ...ONE, driver: watched.driver, lease: { idle: "4321ms" } },
    { clock: { ...systemClock, sleep } },
  );
  const first = await gate.claim("run");
  await on(first, "pc1", "echo left > left");
  gate.expect(3);
  gate.release(first.claim);
  // The copy is free, and a rollback ahead would have begun by now: the run watches for idleness.
  await until(() => expect(sleeps).toContain(4_321));
  const second = await gate.claim("run");
  expect(second.fresh).toBe(false);
  expect(await on(second, "pc1", "ls")).toBe("left");
  gate.release(second.claim);
  await gate.close();
  expect(watched.begun).toBe(1);
});

test("of several copies, as many are rolled back ahead as files are still to come", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const { gate } = testGate.run({ ...ONE, copies: 2, driver: watched.driver });
  const both = await Promise.all([gate.claim("file"), gate.claim("file")]);
  gate.expect(3);
  for (const { claim } of both) gate.release(claim);
  await begun(watched, 3);
  await gate.claim("file");
  await gate.close();
  expect(watched.begun).toBe(3);
});

test("retained machines are not rolled back ahead", async ({ testGate }) => {
  const watched = rollbacks();
  const run = testGate.run({ ...ONE, driver: watched.driver, keep: "failed" });
  const { gate } = run;
  const first = await gate.claim("file");
  gate.expect(5);
  gate.release(first.claim, true);
  await until(() => expect(linesOf(run, "retained")).toHaveLength(2));
  await gate.close();
  expect(watched.begun).toBe(1);
});

test("a lease that is lost during a rollback ahead ends it; the next run begins with its own rollback", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const run = testGate.run({ ...ONE, driver: watched.driver, lease: { ttl: "2s" } });
  const { gate } = run;
  const first = await gate.claim("file");
  gate.expect(2);
  const goOn = holdUp(watched);
  gate.release(first.claim);
  await begun(watched, 2);
  const over: unknown[] = [];
  gate.onOver((reason) => over.push(reason));
  await testGate.redis().del(keysOf("vmrig", { rig: "pcs", copy: "pcs-1" }).lock);
  await until(() => expect(over).toMatchObject([{ code: "LEASE_LOST" }]));
  goOn();

  gate.begin();
  gate.expect(2);
  const second = await gate.claim("file");
  expect(second.fence).toBeGreaterThan(first.fence);
  expect(await on(second, "pc1", "ls")).toBe("");
  expect(linesOf(run, "ahead")).toEqual([]);
  expect(linesOf(run, "rollback").filter((line) => line.endsWith(" ahead"))).toEqual([]);
  gate.release(second.claim);
  await begun(watched, 4);
});

test("a gate that closes during a rollback ahead releases the lease when the rollback has ended, and begins nothing more", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const { gate } = testGate.run({ ...ONE, driver: watched.driver });
  const first = await gate.claim("file");
  gate.expect(2);
  const goOn = holdUp(watched);
  gate.release(first.claim);
  await begun(watched, 2);
  const bob = testGate.run({ ...ONE, driver: watched.driver }, { who: "bob" });
  const bobs = bob.gate.claim("file");
  await until(() => expect(linesOf(bob, "wait")).not.toEqual([]));
  const order: string[] = [];
  const closed = gate.close().then(() => order.push("closed"));
  await until(() => expect(watched.begun).toBe(2));
  order.push("rolled back");
  goOn();
  await closed;

  expect((await bobs).fence).toBeGreaterThan(first.fence);
  expect(order).toEqual(["rolled back", "closed"]);
  expect(watched.begun).toBe(3);
});

test("an idle run gives back copies that were rolled back ahead, and begins with a rollback again", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const run = testGate.run({ ...ONE, driver: watched.driver, lease: { idle: "1s" } });
  const { gate } = run;
  const first = await gate.claim("file");
  gate.expect(2);
  gate.release(first.claim);
  await until(() => expect(linesOf(run, "idle")).toHaveLength(1));
  const second = await gate.claim("file");
  expect(second.fence).toBeGreaterThan(first.fence);
  expect(watched.begun).toBe(3);
  expect(run.logLines.at(-1)).not.toContain("ahead");
  gate.expect(3);
  gate.release(second.claim);
  await begun(watched, 4);
});

test("a watcher's next run finds its machines ready as soon as it knows its files", async ({
  testGate,
}) => {
  const watched = rollbacks();
  const { gate, logLines } = testGate.run({ ...ONE, driver: watched.driver });
  gate.expect(1);
  gate.release((await gate.claim("run")).claim);
  gate.begin();
  gate.expect(1);
  await begun(watched, 2);
  await gate.claim("run");
  expect(watched.begun).toBe(2);
  expect(logLines.at(-1)).toMatch(/ ahead$/);
});
