import { expect, test } from "vitest";
import { systemClock } from "../clock/clock.ts";
import { manualClock, type ManualClock } from "../clock/manual-clock.test.kit.ts";
import { BadNetwork } from "../redis/fixtures/bad-network.ts";
import { RedisServer } from "../redis/fixtures/redis-server.ts";
import { Child } from "./fixtures/child.ts";
import { guardedWrite } from "./fixtures/guarded-write.ts";
import { aborted } from "./fixtures/holders.ts";
import type { Lease } from "./lease.ts";
import {
  acquire,
  disposeAfterTest,
  LOCK,
  openStore,
  SHORT_TIMEOUTS,
  until,
} from "./lease.test.kit.ts";
import type { LeaseStoreOptions } from "./open-lease-store.ts";

/** With a manual clock, long enough that Redis never ends the lease by itself. */
const TTL_MS = 600_000;
const LOST = { code: "LEASE_LOST", fault: "infra" };

async function redis(options?: Parameters<typeof RedisServer.start>[0]): Promise<RedisServer> {
  return disposeAfterTest(await RedisServer.start(options));
}

async function network(server: RedisServer): Promise<BadNetwork> {
  return disposeAfterTest(await BadNetwork.before(server.socketPath));
}

async function lease(options: LeaseStoreOptions, ttlMs: number): Promise<Lease> {
  const { redis: address, ...rest } = options;
  const leases = await openStore(address, { timing: SHORT_TIMEOUTS, ...rest });
  return acquire(leases, { who: "alice", ttlMs });
}

interface ClockedLease {
  readonly held: Lease;
  readonly clock: ManualClock;
}

async function clockedLease(address: LeaseStoreOptions["redis"]): Promise<ClockedLease> {
  const clock = manualClock();
  return { held: await lease({ redis: address, clock }, TTL_MS), clock };
}

/** Resolves when an attempt to renew has failed: the next one follows 500 ms later. */
const failedRenewal = ({ clock }: ClockedLease): Promise<void> =>
  until("the renewal to fail", () => clock.sleeping().includes(500));

/** Resolves when a renewal is confirmed. Repeats failed attempts. */
async function confirmedRenewal({ held, clock }: ClockedLease): Promise<void> {
  await until("a renewal", () => {
    held.assertHeld();
    if (clock.sleeping().includes(500)) clock.advance(500);
    return held.remainingMs() > 0.9 * TTL_MS;
  });
}

test("a lease is renewed for as long as it is held", async () => {
  const server = await redis();
  const renewed = await clockedLease({ socketPath: server.socketPath });
  for (let i = 0; i < 5; i++) {
    await server.operator.pexpire(LOCK, TTL_MS / 2);
    renewed.clock.advance(TTL_MS / 3);
    await confirmedRenewal(renewed);
    expect(await server.operator.pttl(LOCK)).toBeGreaterThan(0.9 * TTL_MS);
  }
  expect(renewed.held.state).toBe("held");
});

test("deleting the key ends the lease at the next renewal", async () => {
  const server = await redis();
  const { held, clock } = await clockedLease({ socketPath: server.socketPath });
  await server.operator.del(LOCK);
  clock.advance(TTL_MS / 3 - 1);
  held.assertHeld();
  clock.advance(1);
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
  const renewed = await clockedLease({ socketPath: server.socketPath });
  await server.kill();
  await server.start();
  renewed.clock.advance(TTL_MS / 3);
  await confirmedRenewal(renewed);
  expect(renewed.held.state).toBe("held");
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
  const renewed = await clockedLease({ socketPath: server.socketPath });
  await server.kill();
  renewed.clock.advance(TTL_MS / 3);
  await failedRenewal(renewed);
  renewed.held.assertHeld();
  renewed.clock.advance(renewed.held.remainingMs());
  expect(await aborted(renewed.held.signal)).toMatchObject({
    ...LOST,
    message: expect.stringContaining("stopped answering"),
  });
});

test("in a black hole the lease is given up before its key expires", async () => {
  const server = await redis();
  const hole = await network(server);
  const held = await lease({ redis: { url: hole.url } }, 1500);
  hole.blackHole();
  const lost = aborted(held.signal);
  for (;;) {
    const exists = await server.operator.exists(LOCK);
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
  const renewed = await clockedLease({ url: hole.url });
  hole.blackHole();
  renewed.clock.advance(TTL_MS / 3);
  await failedRenewal(renewed);
  hole.restore();
  await confirmedRenewal(renewed);
  expect(renewed.held.state).toBe("held");
});

test("a lease survives a Redis that is suspended for less than the TTL", async () => {
  const server = await redis();
  const renewed = await clockedLease({ socketPath: server.socketPath });
  server.signal("SIGSTOP");
  renewed.clock.advance(TTL_MS / 3);
  await failedRenewal(renewed);
  server.signal("SIGCONT");
  await confirmedRenewal(renewed);
  expect(renewed.held.state).toBe("held");
});

test("a lease survives repeated connection resets while its lock is valid", async () => {
  const server = await redis();
  const flaky = await network(server);
  const renewed = await clockedLease({ url: flaky.url });
  for (let i = 0; i < 3; i++) {
    flaky.reset();
    renewed.clock.advance(TTL_MS / 3);
    await confirmedRenewal(renewed);
  }
  expect(renewed.held.state).toBe("held");
  expect(flaky.connections).toBeGreaterThanOrEqual(4);
});

test("the deadline counts from the sending of a renewal, not from its late answer", async () => {
  const server = await redis();
  const slow = await network(server);
  const clock = manualClock();
  const timing = { ...SHORT_TIMEOUTS, commandTimeoutMs: 10_000 };
  const held = await lease({ redis: { url: slow.url }, clock, timing }, TTL_MS);
  const before = held.remainingMs();
  slow.delayReplies(1000);
  await server.operator.pexpire(LOCK, TTL_MS / 2);
  clock.advance(TTL_MS / 3);
  await until("the renewal", async () => (await server.operator.pttl(LOCK)) > TTL_MS / 2);
  clock.advance(5000);
  await until("its late answer", () => held.remainingMs() > TTL_MS / 2 + TTL_MS / 3);
  expect(held.remainingMs()).toBe(before - 5000);
  slow.delayReplies(0);
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
  const alice = disposeAfterTest(
    new Child("lease-process.ts", [server.socketPath, "hold", "alice"]),
  );
  const { fence: older } = await alice.says("fence");
  await alice.says("accepted");
  alice.signal("SIGSTOP");
  const bob = await acquire(await openStore({ socketPath: server.socketPath }), {
    who: "bob",
    ttlMs: 5000,
  });
  expect(bob.fence).toBeGreaterThan(older as number);
  expect(await guardedWrite(server.operator, bob.fence)).toBe(true);
  const before = alice.said.length;
  alice.signal("SIGCONT");
  await until("late writes", () => alice.said.length > before + 10);
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
  const { held, clock } = await clockedLease({ socketPath: server.socketPath });
  await server.operator.del(LOCK);
  clock.advance(TTL_MS / 3);
  await aborted(held.signal);
  const scripts = async () =>
    /cmdstat_evalsha:calls=(\d+)/.exec(await server.operator.info("commandstats"))?.[1];
  const before = await scripts();
  await held.release();
  expect(await scripts()).toBe(before);
  expect(held.state).toBe("lost");
});
