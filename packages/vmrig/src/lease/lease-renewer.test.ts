import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../clock/clock.ts";
import { waitFor } from "../wait/wait-for.ts";
import { BadNetwork } from "../redis/fixtures/bad-network.ts";
import { Child } from "./fixtures/child.ts";
import { guardedWrite } from "./fixtures/guarded-write.ts";
import { aborted, person } from "./fixtures/holders.ts";
import { RedisServer } from "../redis/fixtures/redis-server.ts";
import { openLeaseStore, type LeaseStoreOptions } from "./open-lease-store.ts";
import { PCS } from "./fixtures/rigs.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let stack = new AsyncDisposableStack();
afterEach(async () => {
  const used = stack;
  stack = new AsyncDisposableStack();
  await used.disposeAsync();
});

const TTL = 1500;
const LOST = { code: "LEASE_LOST", fault: "infra" };

async function redis(options?: Parameters<typeof RedisServer.start>[0]): Promise<RedisServer> {
  return stack.use(await RedisServer.start(options));
}

async function network(server: RedisServer): Promise<BadNetwork> {
  return stack.use(await BadNetwork.before(server.socketPath));
}

async function store(options: LeaseStoreOptions) {
  return stack.use(
    await openLeaseStore({ timing: { commandTimeoutMs: 300, heartbeatMs: 300 }, ...options }),
  );
}

async function lease(options: LeaseStoreOptions, ttlMs = TTL) {
  return (await store(options)).acquire(PCS, { holder: person("alice"), ttlMs, waitForMs: 20_000 });
}

/** Waits for a renewal that was sent after this call: the TTL of the key increases. */
async function renewal(server: RedisServer): Promise<void> {
  let last = Number.POSITIVE_INFINITY;
  await waitFor({
    what: "a renewal",
    timeoutMs: 10_000,
    intervalMs: 20,
    probe: async () => {
      const pttl = await server.operator.pttl("vmrig:{pcs}:pcs-1:lock");
      if (pttl > last) return { value: undefined };
      last = pttl;
      return { seen: `the key ends in ${pttl} ms` };
    },
  });
}

test("a lease is renewed for as long as it is held", async () => {
  const server = await redis();
  const held = await lease({ redis: { socketPath: server.socketPath } });
  await renewal(server);
  await renewal(server);
  await renewal(server);
  expect(held.state).toBe("held");
  held.assertHeld();
});

test("deleting the key ends the lease at the next renewal", async () => {
  const server = await redis();
  const held = await lease({ redis: { socketPath: server.socketPath } }, 3000);
  await server.operator.del("vmrig:{pcs}:pcs-1:lock");
  expect(await aborted(held.signal)).toMatchObject({
    ...LOST,
    message: expect.stringContaining("no longer holds"),
  });
  expect(held.state).toBe("lost");
  expect(held.remainingMs()).toBe(0);
  expect(() => held.assertHeld()).toThrow(held.signal.reason);
});

test("a lease survives a Redis that is killed and restarted with its append-only file", async () => {
  const server = await redis({ persistence: "always" });
  const held = await lease({ redis: { socketPath: server.socketPath } }, 3000);
  await server.kill();
  await server.start();
  await renewal(server);
  expect(held.state).toBe("held");
});

test("a lease is lost immediately when Redis restarts without its data", async () => {
  const server = await redis({ persistence: "none" });
  const held = await lease({ redis: { socketPath: server.socketPath } }, 3000);
  await server.kill();
  await server.start();
  expect(await aborted(held.signal)).toMatchObject({
    ...LOST,
    message: expect.stringContaining("no longer holds"),
  });
});

test("a lease is lost when Redis stays down, and the error says that Redis stopped answering", async () => {
  const server = await redis();
  const held = await lease({ redis: { socketPath: server.socketPath } });
  await server.kill();
  expect(await aborted(held.signal)).toMatchObject({
    ...LOST,
    message: expect.stringContaining("stopped answering"),
  });
});

test("in a black hole the lease is given up before its key expires", async () => {
  const server = await redis();
  const hole = await network(server);
  const held = await lease({ redis: { url: hole.url } });
  hole.blackHole();
  const lost = aborted(held.signal);
  for (;;) {
    const exists = await server.operator.exists("vmrig:{pcs}:pcs-1:lock");
    // Checked after `assertHeld`: a lease must never count as held when its key is already gone.
    if (exists === 0) break;
  }
  expect(held.remainingMs()).toBe(0);
  expect(() => held.assertHeld()).toThrow(expect.objectContaining(LOST));
  expect(await lost).toMatchObject({ message: expect.stringContaining("stopped answering") });
});

test("a lease survives a short black hole", async () => {
  const server = await redis();
  const hole = await network(server);
  const held = await lease({ redis: { url: hole.url } }, 3000);
  hole.blackHole();
  await waitFor({
    what: "a renewal to be late",
    timeoutMs: 5000,
    intervalMs: 10,
    probe: () =>
      Promise.resolve(
        held.remainingMs() < 1700
          ? { value: undefined }
          : { seen: `${held.remainingMs()} ms left` },
      ),
  });
  hole.heal();
  await renewal(server);
  expect(held.state).toBe("held");
});

test("a lease survives a Redis that is suspended for less than the TTL", async () => {
  const server = await redis();
  const held = await lease({ redis: { socketPath: server.socketPath } }, 3000);
  server.signal("SIGSTOP");
  await waitFor({
    what: "a renewal to be late",
    timeoutMs: 5000,
    intervalMs: 10,
    probe: () =>
      Promise.resolve(
        held.remainingMs() < 1500
          ? { value: undefined }
          : { seen: `${held.remainingMs()} ms left` },
      ),
  });
  server.signal("SIGCONT");
  await renewal(server);
  expect(held.state).toBe("held");
});

test("a lease survives repeated connection resets while its lock is valid", async () => {
  const server = await redis();
  const flaky = await network(server);
  const held = await lease({ redis: { url: flaky.url } }, 3000);
  for (let i = 0; i < 3; i++) {
    flaky.reset();
    await renewal(server);
  }
  expect(held.state).toBe("held");
  expect(flaky.connections).toBeGreaterThanOrEqual(4);
});

test("the deadline counts from the sending of a renewal, not from its late answer", async () => {
  const server = await redis();
  const slow = await network(server);
  const held = await lease({ redis: { url: slow.url }, timing: { commandTimeoutMs: 1000 } }, 2000);
  slow.delayReplies(400);
  let last = Number.POSITIVE_INFINITY;
  await waitFor({
    what: "the late answer to a renewal",
    timeoutMs: 5000,
    intervalMs: 5,
    probe: () => {
      const rose = held.remainingMs() > last;
      last = held.remainingMs();
      return Promise.resolve(rose ? { value: undefined } : { seen: `${last} ms left` });
    },
  });
  const pttl = await server.operator.pttl("vmrig:{pcs}:pcs-1:lock");
  expect(held.remainingMs()).toBeLessThanOrEqual(pttl);
});

test("a blocked event loop is detected synchronously, before any timer runs", async () => {
  const server = await redis();
  const held = await lease({ redis: { socketPath: server.socketPath } }, 1000);
  held.assertHeld();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1050);
  expect(held.signal.aborted).toBe(false);
  expect(() => held.assertHeld()).toThrow(
    expect.objectContaining({ ...LOST, message: expect.stringContaining("could not renew") }),
  );
  expect(held.signal.aborted).toBe(true);
  expect(held.state).toBe("lost");
});

test("a computer that slept is detected by its wall clock", async () => {
  const server = await redis();
  let slept = 0;
  const held = await lease(
    {
      redis: { socketPath: server.socketPath },
      clock: { ...systemClock, wall: () => Date.now() + slept },
    },
    30_000,
  );
  held.assertHeld();
  slept = 60_000;
  expect(held.remainingMs()).toBe(0);
  expect(() => held.assertHeld()).toThrow(expect.objectContaining(LOST));
});

test("a holder that was stopped past its TTL loses the lease, and its late writes are refused by their older fence", async () => {
  const server = await redis();
  const alice = stack.use(new Child("lease-process.ts", [server.socketPath, "hold", "alice"]));
  const { fence: older } = await alice.says("fence");
  await alice.says("accepted");
  alice.signal("SIGSTOP");
  const bob = await (
    await store({ redis: { socketPath: server.socketPath } })
  ).acquire(PCS, { holder: person("bob"), ttlMs: 5000, waitForMs: 10_000 });
  expect(bob.fence).toBeGreaterThan(older as number);
  expect(await guardedWrite(server.operator, bob.fence)).toBe(true);
  const before = alice.said.length;
  alice.signal("SIGCONT");
  await waitFor({
    what: "late writes",
    timeoutMs: 10_000,
    probe: () =>
      Promise.resolve(
        alice.said.length > before + 10
          ? { value: undefined }
          : { seen: `${alice.said.length - before} writes` },
      ),
  });
  // The first write may have been in flight when the process was stopped.
  const late = alice.said.slice(before + 1);
  expect(late.every((write) => write["accepted"] === false && write["held"] === "LEASE_LOST")).toBe(
    true,
  );
  expect(await guardedWrite(server.operator, bob.fence)).toBe(true);
  bob.assertHeld();
});

test("after a loss the release sends nothing to Redis", async () => {
  const server = await redis();
  const held = await lease({ redis: { socketPath: server.socketPath } }, 1000);
  await server.operator.del("vmrig:{pcs}:pcs-1:lock");
  await aborted(held.signal);
  const scripts = async () =>
    /cmdstat_evalsha:calls=(\d+)/.exec(await server.operator.info("commandstats"))?.[1];
  const before = await scripts();
  await held.release();
  expect(await scripts()).toBe(before);
  expect(held.state).toBe("lost");
});
