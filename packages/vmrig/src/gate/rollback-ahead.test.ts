import { createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test as plain, vi } from "vitest";
import { systemClock, type Clock } from "../clock/clock.ts";
import type { Driver } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { keysOf } from "../lease/keys.ts";
import { generateKeyPair } from "../ssh/keys.ts";
import { createRollbackAhead } from "./rollback-ahead.ts";
import type { LeasedCopy } from "./leased-copy.ts";
import { begun, hold, rollbacks, saidOf, until } from "./rollbacks.test.kit.ts";
import { on, test } from "./test-gate.test.kit.ts";

const ONE = { machines: { pc1: {} } } as const;

test("the next file finds its machines at their baseline: they were rolled back before it asked", async ({
  scene,
}) => {
  const watched = rollbacks();
  const { gate, said } = scene.run({ ...ONE, driver: watched.driver });
  const first = await gate.claim("file");
  await on(first, "pc1", "echo dirty > dirty");
  gate.expect(2);
  gate.release(first.claim);
  await begun(watched, 2);

  const second = await gate.claim("file");

  expect(watched.begun).toBe(2);
  expect(second).toMatchObject({ fresh: true, fence: first.fence });
  expect(await on(second, "pc1", "ls")).toBe("");
  expect(said.at(-1)).toMatch(/^rollback pcs-1: pc1 back at \w+ in .*, begun .* ahead$/);
  gate.release(second.claim);
  await gate.close();
  expect(watched.begun, "nothing is done for a file that does not come").toBe(2);
});

test("a file that asks while its machines are rolled back ahead waits for that, and nothing is done twice", async ({
  scene,
}) => {
  const watched = rollbacks();
  const order: string[] = [];
  const restore: Driver["restore"] = async (...call) => {
    await watched.driver.restore(...call);
    order.push("rolled back");
  };
  const { gate } = scene.run({ ...ONE, driver: { ...watched.driver, restore } });
  const claim = () => gate.claim("test").finally(() => order.push("granted"));
  const first = await claim();
  gate.expect(2);
  const goOn = hold(watched);
  gate.release(first.claim);
  await begun(watched, 2);
  const second = claim();
  // It takes a program that ends and one that starts: longer than a grant that does not wait for
  // it.
  goOn();

  expect(await on(await second, "pc1", "ls")).toBe("");
  expect(order).toEqual(["rolled back", "granted", "rolled back", "granted"]);
  expect(watched.begun).toBe(2);
});

test("what fails ahead fails nobody: the next file says so once, and has its machines rolled back", async ({
  scene,
}) => {
  const watched = rollbacks();
  const run = scene.run({ ...ONE, driver: watched.driver });
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
  expect(saidOf(run, "ahead")).toEqual([
    "ahead    pcs-1: not ready for the next file, which rolls it back itself; The disk of pc1 is slow.",
  ]);
  expect([...saidOf(run, "heal"), ...saidOf(run, "broken")]).toEqual([]);
});

test("a rollback ahead that did nothing is found out by its proof, and made good for the next file", async ({
  scene,
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
  const run = scene.run({ ...ONE, driver });
  const first = await run.gate.claim("file");
  await on(first, "pc1", "echo dirty > dirty");
  run.gate.expect(2);
  run.gate.release(first.claim);
  await begun(watched, 2);
  await until(() =>
    expect(saidOf(run, "ahead")).toEqual([
      expect.stringContaining("could not be proven to be at its baseline"),
    ]),
  );

  expect(await on(await run.gate.claim("file"), "pc1", "ls")).toBe("");
  expect(saidOf(run, "ahead")).toHaveLength(1);
});

test("files that build on each other find what the last one left", async ({ scene }) => {
  const watched = rollbacks();
  const sleeps: number[] = [];
  const sleep: Clock["sleep"] = (ms, signal) => (sleeps.push(ms), systemClock.sleep(ms, signal));
  const { gate } = scene.run(
    { ...ONE, driver: watched.driver, lease: { idle: "4321ms" } },
    { clock: { ...systemClock, sleep } },
  );
  const first = await gate.claim("run");
  await on(first, "pc1", "echo left > left");
  gate.expect(3);
  gate.release(first.claim);
  // It is free, and what could be done ahead has begun: the run watches for standing still.
  await until(() => expect(sleeps).toContain(4_321));
  const second = await gate.claim("run");
  expect(second.fresh).toBe(false);
  expect(await on(second, "pc1", "ls")).toBe("left");
  gate.release(second.claim);
  await gate.close();
  expect(watched.begun).toBe(1);
});

test("of several copies as many are made ready as there are files to come", async ({ scene }) => {
  const watched = rollbacks();
  const { gate } = scene.run({ ...ONE, copies: 2, driver: watched.driver });
  const both = await Promise.all([gate.claim("file"), gate.claim("file")]);
  gate.expect(3);
  for (const { claim } of both) gate.release(claim);
  await begun(watched, 3);
  await gate.claim("file");
  await gate.close();
  expect(watched.begun).toBe(3);
});

test("machines that are kept as a failed test left them are not rolled back ahead", async ({
  scene,
}) => {
  const watched = rollbacks();
  const run = scene.run({ ...ONE, driver: watched.driver, keep: "failed" });
  const { gate } = run;
  const first = await gate.claim("file");
  gate.expect(5);
  gate.release(first.claim, true);
  await until(() => expect(saidOf(run, "kept")).toHaveLength(2));
  await gate.close();
  expect(watched.begun).toBe(1);
});

test("a lease that is lost during a rollback ahead ends it; the next run begins with a rollback of its own", async ({
  scene,
}) => {
  const watched = rollbacks();
  const run = scene.run({ ...ONE, driver: watched.driver, lease: { ttl: "2s" } });
  const { gate } = run;
  const first = await gate.claim("file");
  gate.expect(2);
  const goOn = hold(watched);
  gate.release(first.claim);
  await begun(watched, 2);
  const over: unknown[] = [];
  gate.onOver((reason) => over.push(reason));
  await scene.redis().del(keysOf("vmrig", { rig: "pcs", copy: "pcs-1" }).lock);
  await until(() => expect(over).toMatchObject([{ code: "LEASE_LOST" }]));
  goOn();

  gate.begin();
  gate.expect(2);
  const second = await gate.claim("file");
  expect(second.fence).toBeGreaterThan(first.fence);
  expect(await on(second, "pc1", "ls")).toBe("");
  expect(saidOf(run, "ahead")).toEqual([]);
  expect(saidOf(run, "rollback").filter((line) => line.endsWith(" ahead"))).toEqual([]);
  gate.release(second.claim);
  await begun(watched, 4);
});

test("a gate that closes during a rollback ahead hands on the lease when that has ended, and begins nothing more", async ({
  scene,
}) => {
  const watched = rollbacks();
  const { gate } = scene.run({ ...ONE, driver: watched.driver });
  const first = await gate.claim("file");
  gate.expect(2);
  const goOn = hold(watched);
  gate.release(first.claim);
  await begun(watched, 2);
  const bob = scene.run({ ...ONE, driver: watched.driver }, { who: "bob" });
  const bobs = bob.gate.claim("file");
  await until(() => expect(saidOf(bob, "wait")).not.toEqual([]));
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

test("a run that stands still gives back what was made ready, and begins with a rollback again", async ({
  scene,
}) => {
  const watched = rollbacks();
  const run = scene.run({ ...ONE, driver: watched.driver, lease: { idle: "1s" } });
  const { gate } = run;
  const first = await gate.claim("file");
  gate.expect(2);
  gate.release(first.claim);
  await until(() => expect(saidOf(run, "idle")).toHaveLength(1));
  const second = await gate.claim("file");
  expect(second.fence).toBeGreaterThan(first.fence);
  expect(watched.begun).toBe(3);
  expect(run.said.at(-1)).not.toContain("ahead");
  gate.expect(3);
  gate.release(second.claim);
  await begun(watched, 4);
});

test("a watcher's next run finds its machines ready as soon as it knows of its files", async ({
  scene,
}) => {
  const watched = rollbacks();
  const { gate, said } = scene.run({ ...ONE, driver: watched.driver });
  gate.expect(1);
  gate.release((await gate.claim("run")).claim);
  gate.begin();
  gate.expect(1);
  await begun(watched, 2);
  await gate.claim("run");
  expect(watched.begun).toBe(2);
  expect(said.at(-1)).toMatch(/ ahead$/);
});

/** A machine that takes calls and never answers. */
async function silent() {
  const calls: Socket[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {}).resume();
    calls.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const call of calls) call.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const { publicKey: hostKey, privateKey } = generateKeyPair();
  const machines = [
    {
      name: "pc1",
      lanAddress: "10.77.0.11",
      target: { host: "127.0.0.1", port, user: "vmrig", hostKey, privateKey },
    },
  ];
  const lost = new AbortController();
  const lease = { copy: "pcs-1", state: "held", signal: lost.signal };
  return {
    holding: {
      lease,
      baseline: "0123456789abcdef",
      rollBackAhead: async () => machines,
    } as unknown as LeasedCopy,
    calls,
    lost,
  };
}

/** On which nobody hangs up because the machine is silent. */
const patient: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms * 1_000, signal),
};
const HUNG_UP = { timeout: 5_000, interval: 10 };

plain(
  "who takes the machines does not wait for a login that is under way: it is hung up",
  async () => {
    const { holding: leasedCopy, calls } = await silent();
    const said: string[] = [];
    const ahead = createRollbackAhead({
      clock: patient,
      guest: "shell",
      say: (line) => said.push(line),
      signal: new AbortController().signal,
    });
    ahead.begin(leasedCopy);
    await vi.waitFor(() => expect(calls).toHaveLength(1), HUNG_UP);
    expect(ahead.size).toBe(1);

    expect(await ahead.take(leasedCopy)).toMatchObject({
      aheadMs: expect.any(Number),
      machines: [{ name: "pc1" }],
    });

    await vi.waitFor(() => expect(calls[0]?.closed).toBe(true), HUNG_UP);
    expect([ahead.size, said]).toEqual([0, []]);
    expect(await ahead.take(leasedCopy)).toBeUndefined();
  },
);

plain.each(["is dropped", "loses its lease", "belongs to a run that ends"])(
  "a login under way is hung up when its copy %s",
  async (how) => {
    const { holding: leasedCopy, calls, lost } = await silent();
    const closing = new AbortController();
    const ahead = createRollbackAhead({
      clock: patient,
      guest: "shell",
      say: () => {},
      signal: closing.signal,
    });
    ahead.begin(leasedCopy);
    await vi.waitFor(() => expect(calls).toHaveLength(1), HUNG_UP);
    if (how === "is dropped") ahead.drop(leasedCopy);
    else (how === "loses its lease" ? lost : closing).abort(new Error(how));
    await vi.waitFor(() => expect(calls[0]?.closed).toBe(true), HUNG_UP);
  },
);
