import { createHash } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../../../clock/clock.ts";
import { waitFor } from "../../../wait/wait-for.ts";
import { Child } from "../../fixtures/child.ts";
import { queueOf, waitForQueue } from "../../fixtures/queue.ts";
import { aborted, person } from "../../fixtures/holders.ts";
import { RedisServers } from "../../../redis/fixtures/redis-servers.ts";
import { PCS, PCS_1 } from "../../fixtures/rigs.ts";
import { ACQUIRE } from "./scripts.ts";
import type { LeaseStore } from "../../lease-store.ts";
import { openLeaseStore, type LeaseStoreOptions } from "../../open-lease-store.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let stack = new AsyncDisposableStack();
afterEach(async () => {
  const used = stack;
  stack = new AsyncDisposableStack();
  await used.disposeAsync();
});

/**
 * Timing for servers that fail immediately when they are dead. A living one may be slow on a busy
 * computer.
 */
const PATIENT = { commandTimeoutMs: 5000, heartbeatMs: 200, aliveMs: 5000 };
/** Timing for black holes, which take a full timeout. */
const QUICK = { commandTimeoutMs: 300, heartbeatMs: 200, aliveMs: 1000 };
const LOCK = "vmrig:{pcs}:pcs-1:lock";

async function redises(...args: Parameters<typeof RedisServers.start>): Promise<RedisServers> {
  return stack.use(await RedisServers.start(...args));
}

async function open(
  redis: LeaseStoreOptions["redis"],
  options: Partial<LeaseStoreOptions> = {},
): Promise<LeaseStore> {
  return stack.use(
    await openLeaseStore({ redis, timing: PATIENT, clock: systemClock, ...options }),
  );
}

const ask = (
  leases: LeaseStore,
  who: string,
  options: { readonly ttlMs?: number; readonly waitForMs?: number } = {},
) => leases.acquire(PCS, { holder: person(who), ttlMs: 3000, waitForMs: 20_000, ...options });

async function until(what: string, seen: () => Promise<boolean> | boolean): Promise<void> {
  await waitFor({
    what,
    timeoutMs: 15_000,
    intervalMs: 10,
    probe: async () => ((await seen()) ? { value: undefined } : { seen: "not yet" }),
  });
}

/** Returns for each server whether it has a lock of the copy. */
const locks = (servers: RedisServers): Promise<boolean[]> =>
  Promise.all(servers.all.map(async ({ operator }) => (await operator.exists(LOCK)) === 1));

test.each([3, 5])("all of %d servers have the same lock and the same fence", async (count) => {
  const servers = await redises(count);
  const lease = await ask(await open(servers.address), "alice");
  const values = await Promise.all(
    servers.all.map(({ operator }) => operator.mget(LOCK, "vmrig:{pcs}:pcs-1:fence")),
  );
  expect(new Set(values.map(([value]) => value)).size).toBe(1);
  expect(values.map(([, fence]) => fence)).toEqual(values.map(() => String(lease.fence)));
});

test.each([
  ["killed", PATIENT, (servers: RedisServers, i: number) => servers.all[i]?.kill()],
  [
    "in a black hole",
    QUICK,
    (servers: RedisServers, i: number) => servers.networks[i]?.blackHole(),
  ],
])("a minority that is %s neither ends nor prevents a lease", async (_how, timing, fail) => {
  const servers = await redises(3);
  const leases = await open(servers.throughNetworks, { timing });
  const alice = await ask(leases, "alice");
  await fail(servers, 0);
  const before = alice.remainingMs();
  await until("a renewal", () => {
    alice.assertHeld();
    return alice.remainingMs() > before;
  });
  await leases.saveRecord(alice, { a: 1 });
  expect(await leases.record(PCS_1)).toEqual({ a: 1 });
  const bob = ask(leases, "bob");
  await waitForQueue(leases, ["bob"]);
  await alice.release();
  const next = await bob;
  expect(next.fence).toBeGreaterThan(alice.fence);
  await leases.dropRecord(next);
  await next.release();
  expect(
    (await ask(await open(servers.throughNetworks, { timing }), "carol")).fence,
  ).toBeGreaterThan(next.fence);
});

test("without a majority no lease is granted, and the error counts and names the servers that failed", async () => {
  const servers = await redises(3);
  const leases = await open(servers.address);
  for (const i of [0, 2]) await servers.all[i]?.kill();
  await expect(leases.tryAcquire(PCS, { holder: person("alice") })).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
    summary: "1 of 3 Redis servers answered; a lease needs the same answer from 2.",
    details: [0, 2].map((i) => expect.stringContaining(servers.all[i]?.socketPath ?? "") as string),
  });
  await expect(openLeaseStore({ redis: servers.address })).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
    summary: "Connected to 1 of 3 Redis servers, but a lease needs 2.",
    details: [0, 2].map((i) => expect.stringContaining(servers.all[i]?.socketPath ?? "") as string),
  });
});

test("without a majority a lease is given up before it can expire, and the error counts the votes", async () => {
  const servers = await redises(3);
  const alice = await ask(await open(servers.address), "alice");
  for (const i of [0, 1]) await servers.all[i]?.kill();
  expect(await aborted(alice.signal)).toMatchObject({
    code: "LEASE_LOST",
    message: expect.stringContaining("1 of 3 agreed"),
  });
  expect(await servers.all[2]?.operator.pttl(LOCK)).toBeGreaterThan(0);
});

test("a renewal restores the lock on a server that lost it, so leases outlive a rolling restart", async () => {
  const servers = await redises(3);
  const leases = await open(servers.address);
  const alice = await ask(leases, "alice");
  for (const server of servers.all) {
    await server.operator.flushall();
    await until("the lock", async () => (await locks(servers)).every(Boolean));
  }
  alice.assertHeld();
  expect((await leases.view(PCS)).copies[0]?.held).toMatchObject({
    holder: person("alice"),
    fence: alice.fence,
  });
  await alice.release();
  expect(await locks(servers)).toEqual([false, false, false]);
});

test("the fence grows although one server after the other lost its data", async () => {
  const servers = await redises(3);
  const leases = await open(servers.address);
  const fences: number[] = [];
  for (let i = 0; i < 12; i++) {
    const lease = await ask(leases, "alice");
    fences.push(lease.fence);
    await lease.release();
    await servers.all[i % 3]?.operator.flushall();
  }
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
});

test("the fence grows although clocks were set back, if one server of the majority has the largest", async () => {
  const servers = await redises(3);
  const future = (Date.now() + 86_400_000) * 1000;
  for (const i of [0, 2]) await servers.all[i]?.operator.set("vmrig:{pcs}:pcs-1:fence", future);
  await servers.all[0]?.kill();
  expect((await ask(await open(servers.address), "alice")).fence).toBe(future + 1);
});

test("a server that restarted without its data has no vote until the forgotten leases have expired", async () => {
  const servers = await redises(3, { persistence: "none" });
  const reports: string[] = [];
  const leases = await open(servers.address, { onNews: (line) => reports.push(line) });
  const told: string[] = [];
  const first = await leases.acquire(PCS, {
    holder: person("alice"),
    ttlMs: 4000,
    waitForMs: 20_000,
    onWait: ({ restarted }) => told.push(restarted === undefined ? "no" : "restarted"),
  });
  expect(told).toContain("restarted");
  await first.release();
  const restart = async (): Promise<void> => {
    await servers.all[1]?.kill();
    await leases.view(PCS); // notices
    await servers.all[1]?.start();
    await until(
      "its answer",
      async () => (await leases.view(PCS)) && reports.at(-1)?.endsWith("answers again") === true,
    );
  };
  /** Too long for a server that restarted just now, and not for one that did not. */
  const ttlMs = async (): Promise<number> => {
    const [, seconds] =
      /uptime_in_seconds:(\d+)/.exec((await servers.all[2]?.operator.info("server")) ?? "") ?? [];
    return (Number(seconds) - 2) * 1000;
  };
  await restart();
  const second = await ask(leases, "bob", { ttlMs: await ttlMs() });
  expect(await locks(servers)).toEqual([true, false, true]);
  await second.release();
  await restart();
  await servers.all[0]?.kill();
  await expect(ask(leases, "carol", { ttlMs: await ttlMs(), waitForMs: 0 })).rejects.toMatchObject({
    code: "RIG_BUSY",
    details: [
      expect.stringContaining("restarted"),
      "free for the next in line",
      "0 ahead of you, 1 waiting",
    ],
  });
});

test("waiters are served in order when the server with the queue dies and when it returns", async () => {
  const servers = await redises(3);
  const leases = await open(servers.address);
  const alice = await ask(leases, "alice", { ttlMs: 600_000 });
  const served: string[] = [];
  const wait = async (place: LeaseStore, who: string) => {
    const lease = await ask(place, who);
    served.push(who);
    return lease;
  };
  const names = ["bob", "carol", "dave"];
  const waiting: ReturnType<typeof wait>[] = [];
  for (const [i, who] of names.entries()) {
    waiting.push(wait(await open(servers.address), who));
    await waitForQueue(leases, names.slice(0, i + 1));
  }
  await servers.all[0]?.kill();
  await until(
    "the line elsewhere",
    async () => (await servers.all[1]?.operator.zcard("vmrig:{pcs}:queue")) === 3,
  );
  await alice.release();
  await (await waiting[0])?.release();
  await servers.all[0]?.start();
  for (const lease of waiting) await (await lease).release();
  expect(served).toEqual(names);
});

test("a waiter that queued on a different server, because of its network, is served as well", async () => {
  const servers = await redises(3);
  const leases = await open(servers.address);
  const alice = await ask(leases, "alice", { ttlMs: 600_000 });
  const elsewhere = await open(servers.throughNetworks, { timing: QUICK });
  servers.networks[0]?.blackHole();
  const both = [ask(leases, "bob"), ask(elsewhere, "carol")].map(async (lease) =>
    (await lease).release(),
  );
  await until(
    "both",
    async () =>
      (await servers.all[1]?.operator.zcard("vmrig:{pcs}:queue")) === 1 &&
      (await queueOf(leases)).length === 2,
  );
  await alice.release();
  await Promise.all(both);
  expect(await queueOf(leases)).toEqual([]);
});

test("a grant whose answers are lost in black holes is undone", async () => {
  const servers = await redises(3);
  const [leases, behind] = [
    await open(servers.address),
    await open(servers.throughNetworks, { timing: QUICK }),
  ];
  const held = await ask(leases, "alice", { ttlMs: 600_000 });
  const waiting = ask(behind, "bob", { ttlMs: 600_000 });
  await waitForQueue(leases, ["bob"]);
  for (const network of servers.networks)
    network.loseRepliesTo(createHash("sha1").update(ACQUIRE).digest("hex"));
  const alices = await servers.all[0]?.operator.get(LOCK);
  await held.release();
  await until("the grant whose answer is lost", async () => {
    const lock = await servers.all[0]?.operator.get(LOCK);
    return typeof lock === "string" && lock !== alices;
  });
  for (const network of servers.networks) network.loseRepliesTo(undefined);
  expect((await waiting).fence).toBeGreaterThan(held.fence);
});

test("a retained copy released while a server is down is free, even when that server returns with its lock", async () => {
  const servers = await redises(3);
  const leases = await open(servers.address);
  const alice = await ask(leases, "alice");
  await leases.retain(alice, { forMs: 3_600_000, why: "after a failed run" });
  await servers.all[0]?.kill();
  expect(await leases.revoke({ ...PCS_1, fence: alice.fence, by: person("bob") })).toMatchObject({
    holder: person("alice"),
  });
  await servers.all[0]?.start();
  expect(await locks(servers)).toEqual([true, false, false]);
  expect((await leases.view(PCS)).copies[0]?.held).toBeUndefined();
  expect((await ask(leases, "bob")).fence).toBeGreaterThan(alice.fence);
});

test("a server that missed a write or a removal does not bring back the old record", async () => {
  const servers = await redises(3);
  const leases = await open(servers.address);
  const alice = await ask(leases, "alice", { ttlMs: 600_000 });
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

test("a report is made when a server stops answering and when it answers again", async () => {
  const servers = await redises(3);
  const reports: string[] = [];
  const leases = await open(servers.address, { onNews: (line) => reports.push(line) });
  await servers.all[1]?.kill();
  await leases.view(PCS);
  await servers.all[1]?.start();
  await until("its answer", async () => (await leases.view(PCS)) && reports.length === 2);
  const path = servers.all[1]?.socketPath;
  expect(reports).toEqual([
    expect.stringContaining(`2 of 3 answer, 2 must: Redis at unix:${path} gave no answer`),
    `redis    unix:${path} answers again`,
  ]);
  await ask(leases, "alice");
  await leases.close();
  expect(reports).toHaveLength(2);
});

test("a holder that was stopped past its TTL loses the lease, and its late writes are refused by their older fence", async () => {
  const servers = await redises(3);
  const leases = await open(servers.address);
  const holder = stack.use(new Child("lease-process.ts", [servers.socketPaths, "hold", "alice"]));
  const { fence } = await holder.says("fence");
  await holder.says("accepted");
  holder.signal("SIGSTOP");
  const next = await ask(leases, "bob", { ttlMs: 600_000 });
  expect(next.fence).toBeGreaterThan(fence as number);
  await servers.all[0]?.operator.set("machine:fence", next.fence);
  const from = holder.said.length;
  holder.signal("SIGCONT");
  await until("its late writes", () => holder.said.length > from + 5);
  const late = holder.said.slice(from + 1).filter((fact) => "accepted" in fact);
  expect(late).toEqual(late.map(() => ({ accepted: false, held: "LEASE_LOST" })));
  next.assertHeld();
});
