import { expect, test } from "vitest";
import type { RedisServers } from "../../../redis/fixtures/redis-servers.ts";
import { Child } from "../../fixtures/child.ts";
import { aborted, person } from "../../fixtures/holders.ts";
import { waitForQueue } from "../../fixtures/queue.ts";
import { PCS, PCS_1 } from "../../fixtures/rigs.ts";
import type { LeaseStore } from "../../lease-store.ts";
import {
  acquire,
  disposeAfterTest,
  LOCK,
  locksOf,
  SHORT_TIMEOUTS,
  startServers,
  type TestRequest,
  until,
} from "../../lease.test.kit.ts";
import { openLeaseStore } from "../../open-lease-store.ts";
import { DEAD_SERVERS, open } from "./quorum.test.kit.ts";

/** The lease is renewed each second. */
const ask = (leases: LeaseStore, request: TestRequest) =>
  acquire(leases, { ttlMs: 3000, ...request });

test.each([3, 5])("all of %d servers have the same lock and the same fence", async (count) => {
  const servers = await startServers(count);
  const lease = await ask(await open(servers.address), { who: "alice" });
  const values = await Promise.all(
    servers.all.map(({ operator }) => operator.mget(LOCK, "vmrig:{pcs}:pcs-1:fence")),
  );
  expect(new Set(values.map(([value]) => value)).size).toBe(1);
  expect(values.map(([, fence]) => fence)).toEqual(values.map(() => String(lease.fence)));
});

test.each([
  ["killed", DEAD_SERVERS, (servers: RedisServers, i: number) => servers.all[i]?.kill()],
  [
    "in a black hole",
    SHORT_TIMEOUTS,
    (servers: RedisServers, i: number) => servers.networks[i]?.blackHole(),
  ],
])("a minority that is %s neither ends nor prevents a lease", async (_how, timing, fail) => {
  const servers = await startServers(3);
  const leases = await open(servers.throughNetworks, { timing });
  const alice = await ask(leases, { who: "alice" });
  await fail(servers, 0);
  let last = alice.remainingMs();
  await until("a renewal", () => {
    alice.assertHeld();
    const now = alice.remainingMs();
    const rose = now > last;
    last = now;
    return rose;
  });
  await leases.saveRecord(alice, { a: 1 });
  expect(await leases.record(PCS_1)).toEqual({ a: 1 });
  const bob = ask(leases, { who: "bob" });
  await waitForQueue(leases, ["bob"]);
  await alice.release();
  const next = await bob;
  expect(next.fence).toBeGreaterThan(alice.fence);
  await leases.dropRecord(next);
  await next.release();
  expect(
    (await ask(await open(servers.throughNetworks, { timing }), { who: "carol" })).fence,
  ).toBeGreaterThan(next.fence);
});

test("without a majority no lease is granted, and the error counts and names the servers that failed", async () => {
  const servers = await startServers(3);
  const leases = await open(servers.address);
  for (const i of [0, 2]) await servers.all[i]?.kill();
  await expect(leases.tryAcquire(PCS, { holder: person("alice") })).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
    summary: "Only 1 of 3 Redis servers answered; 2 are needed.",
    details: [0, 2].map((i) => expect.stringContaining(servers.all[i]?.socketPath ?? "") as string),
  });
  await expect(openLeaseStore({ redis: servers.address })).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
    summary: "Connected to 1 of 3 Redis servers, but a lease needs 2.",
    details: [0, 2].map((i) => expect.stringContaining(servers.all[i]?.socketPath ?? "") as string),
  });
});

test("without a majority a lease is given up before it can expire, and the error counts the votes", async () => {
  const servers = await startServers(3);
  const alice = await ask(await open(servers.address), { who: "alice" });
  for (const i of [0, 1]) await servers.all[i]?.kill();
  expect(await aborted(alice.signal)).toMatchObject({
    code: "LEASE_LOST",
    message: expect.stringContaining("1 of 3 agreed"),
  });
  expect(await servers.all[2]?.operator.pttl(LOCK)).toBeGreaterThan(0);
});

test("a renewal restores the lock on a server that lost it, so leases outlive a rolling restart", async () => {
  const servers = await startServers(3);
  const leases = await open(servers.address);
  const alice = await ask(leases, { who: "alice" });
  for (const server of servers.all) {
    await server.operator.flushall();
    await until("the lock", async () => (await locksOf(servers)).every(Boolean));
  }
  alice.assertHeld();
  expect((await leases.view(PCS)).copies[0]?.held).toMatchObject({
    holder: person("alice"),
    fence: alice.fence,
  });
  await alice.release();
  expect(await locksOf(servers)).toEqual([false, false, false]);
});

test("the fence grows although one server after the other lost its data", async () => {
  const servers = await startServers(3);
  const leases = await open(servers.address);
  const fences: number[] = [];
  for (let i = 0; i < 12; i++) {
    const lease = await ask(leases, { who: "alice" });
    fences.push(lease.fence);
    await lease.release();
    await servers.all[i % 3]?.operator.flushall();
  }
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
});

test("the fence grows although clocks were set back, if one server of the majority has the largest", async () => {
  const servers = await startServers(3);
  const future = (Date.now() + 86_400_000) * 1000;
  for (const i of [0, 2]) await servers.all[i]?.operator.set("vmrig:{pcs}:pcs-1:fence", future);
  await servers.all[0]?.kill();
  expect((await ask(await open(servers.address), { who: "alice" })).fence).toBe(future + 1);
});

test("a retained copy released while a server is down is free, even when that server returns with its lock", async () => {
  const servers = await startServers(3);
  const leases = await open(servers.address);
  const alice = await ask(leases, { who: "alice" });
  await leases.retain(alice, { forMs: 3_600_000, why: "after a failed run" });
  await servers.all[0]?.kill();
  expect(await leases.revoke({ ...PCS_1, fence: alice.fence, by: person("bob") })).toMatchObject({
    holder: person("alice"),
  });
  await servers.all[0]?.start();
  expect(await locksOf(servers)).toEqual([true, false, false]);
  expect((await leases.view(PCS)).copies[0]?.held).toBeUndefined();
  expect((await ask(leases, { who: "bob" })).fence).toBeGreaterThan(alice.fence);
});

test("a server that missed a write or a removal does not bring back the old record", async () => {
  const servers = await startServers(3);
  const leases = await open(servers.address);
  const alice = await ask(leases, { who: "alice", ttlMs: 600_000 });
  await leases.saveRecord(alice, "old");
  await servers.all[0]?.kill();
  await leases.saveRecord(alice, "new");
  await servers.all[0]?.start();
  await servers.all[2]?.kill();
  await until("the server's return", async () => (await leases.record(PCS_1)) === "new");
  await servers.all[2]?.start();
  await servers.all[0]?.kill();
  await until("the server's return", async () => leases.dropRecord(alice).then(() => true));
  await servers.all[0]?.start();
  await servers.all[1]?.kill();
  await until("the server's return", async () => leases.record(PCS_1).then(() => true));
  expect(await leases.record(PCS_1)).toBeUndefined();
});

test("a holder that was stopped past its TTL loses the lease, and its late writes are refused by their older fence", async () => {
  const servers = await startServers(3);
  const leases = await open(servers.address);
  const holder = disposeAfterTest(
    new Child("lease-process.ts", [servers.socketPaths, "hold", "alice"]),
  );
  const { fence } = await holder.says("fence");
  await holder.says("accepted");
  holder.signal("SIGSTOP");
  const next = await ask(leases, { who: "bob", ttlMs: 600_000 });
  expect(next.fence).toBeGreaterThan(fence as number);
  await servers.all[0]?.operator.set("machine:fence", next.fence);
  const from = holder.said.length;
  holder.signal("SIGCONT");
  await until("its late writes", () => holder.said.length > from + 5);
  const late = holder.said.slice(from + 1).filter((fact) => "accepted" in fact);
  expect(late).toEqual(late.map(() => ({ accepted: false, held: "LEASE_LOST" })));
  next.assertHeld();
});
