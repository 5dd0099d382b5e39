import { expect, test } from "vitest";
import { manualClock } from "../clock/manual-clock.test.kit.ts";
import type { VmrigError } from "../errors/vmrig-error.ts";
import { BadNetwork } from "../redis/fixtures/bad-network.ts";
import {
  failOver,
  replicate,
  startReplicable,
  type ReplicableRedis,
} from "../redis/fixtures/replication.test.kit.ts";
import { aborted } from "./fixtures/holders.ts";
import {
  acquire,
  disposeAfterTest,
  LOCK,
  openStore,
  SHORT_TIMEOUTS,
  startServers,
  until,
} from "./lease.test.kit.ts";

const TTL_MS = 60_000;

interface Pair {
  readonly primary: ReplicableRedis;
  readonly other: ReplicableRedis;
  readonly network: BadNetwork;
}

/** Starts two servers. The address of the network leads to the first one. */
async function startPair(): Promise<Pair> {
  const primary = await startReplicable();
  disposeAfterTest(primary.server);
  const other = await startReplicable();
  disposeAfterTest(other.server);
  const network = disposeAfterTest(await BadNetwork.before(primary.server.socketPath));
  return { primary, other, network };
}

test("a run keeps its lease when Redis becomes a replica and the address leads to the new primary", async () => {
  const { primary, other, network } = await startPair();
  await replicate(other, primary);
  const clock = manualClock();
  const leases = await openStore({ url: network.url }, { clock, timing: SHORT_TIMEOUTS });
  const held = await acquire(leases, { who: "alice", ttlMs: TTL_MS });
  await until(
    "the lease at the replica",
    async () => (await other.server.operator.exists(LOCK)) === 1,
  );
  await failOver(primary, other);
  network.moveTo(other.server.socketPath);
  await other.server.operator.pexpire(LOCK, TTL_MS / 2);

  clock.advance(TTL_MS / 3);
  await until("a renewal at the new primary", async () => {
    if (clock.sleeping().includes(500)) clock.advance(500);
    return (await other.server.operator.pttl(LOCK)) > TTL_MS * 0.9;
  });
  await until("the renewal", () => held.remainingMs() > TTL_MS * 0.9);
  expect(held.state).toBe("held");
});

test("a run loses its lease at once when the new primary does not have it, and learns why", async () => {
  const { primary, other, network } = await startPair();
  const clock = manualClock();
  const leases = await openStore({ url: network.url }, { clock, timing: SHORT_TIMEOUTS });
  const held = await acquire(leases, { who: "alice", ttlMs: TTL_MS });
  // The primary loses its data and becomes the replica of a server that never had the lease.
  await replicate(primary, other);
  network.moveTo(other.server.socketPath);

  clock.advance(TTL_MS / 3);
  const lost = aborted(held.signal);
  await until("the loss", () => {
    if (clock.sleeping().includes(500)) clock.advance(500);
    return held.signal.aborted;
  });
  const error = (await lost) as VmrigError;
  expect(error).toMatchObject({
    code: "LEASE_LOST",
    summary: expect.stringContaining("Redis reports that this run no longer holds it"),
    details: [
      expect.stringMatching(
        /^Redis at redis:.* became a replica \d\.\d s ago, and the primary there now does not have this lease$/,
      ),
    ],
  });
});

test("a run whose Redis stays a replica learns that, not that Redis was silent", async () => {
  const { primary, other, network } = await startPair();
  // The real clock: a connection is made again between two attempts.
  const leases = await openStore({ url: network.url }, { timing: SHORT_TIMEOUTS });
  const held = await acquire(leases, { who: "alice", ttlMs: 6000 });
  const lost = aborted(held.signal);
  await replicate(primary, other);
  expect(await lost).toMatchObject({
    code: "LEASE_LOST",
    summary: expect.stringMatching(
      /: Redis refuses to renew it \(READONLY You can't write against a read only replica\)\.$/,
    ),
    details: [],
    hint: expect.stringContaining("primary"),
  });
});

test("a run whose majority of servers become replicas learns that, not that Redis was silent", async () => {
  const servers = await startServers(3);
  const leases = await openStore(servers, { timing: SHORT_TIMEOUTS });
  const held = await acquire(leases, { who: "alice", ttlMs: 6000 });
  const lost = aborted(held.signal);
  const [first, second] = servers.all;
  for (const server of [first, second]) await server?.operator.call("REPLICAOF", "127.0.0.1", "1");
  expect(await lost).toMatchObject({
    code: "LEASE_LOST",
    summary: expect.stringMatching(
      /: Redis refuses to renew it \(2 of 3 servers: READONLY You can't write against a read only replica\)\.$/,
    ),
    details: [],
    hint: expect.stringContaining("primary"),
  });
});

test("a run with one replica among servers that are down learns that Redis was silent", async () => {
  const servers = await startServers(3);
  const leases = await openStore(servers, { timing: SHORT_TIMEOUTS });
  const held = await acquire(leases, { who: "alice", ttlMs: 6000 });
  const lost = aborted(held.signal);
  const [first, ...others] = servers.all;
  await first?.operator.call("REPLICAOF", "127.0.0.1", "1");
  for (const server of others) await server.kill();
  expect(await lost).toMatchObject({
    code: "LEASE_LOST",
    summary: expect.stringContaining("Redis stopped answering"),
  });
});

test("a waiting run goes on waiting at the new primary", async () => {
  const { primary, other, network } = await startPair();
  await replicate(other, primary);
  const alices = await openStore({ url: network.url }, { timing: SHORT_TIMEOUTS });
  const held = await acquire(alices, { who: "alice" });
  const queued = Promise.withResolvers<void>();
  const bobs = await openStore({ url: network.url }, { timing: SHORT_TIMEOUTS });
  const waiting = acquire(bobs, { who: "bob", onWait: () => queued.resolve() });
  await queued.promise;
  await failOver(primary, other);
  network.moveTo(other.server.socketPath);
  await held.release();
  expect((await waiting).holder.who).toBe("bob");
});

test.each([
  ["replica", ["REPLICAOF", "127.0.0.1", "1"], /READONLY/],
  [
    "primary without enough replicas",
    ["CONFIG", "SET", "min-replicas-to-write", "1"],
    /NOREPLICAS/,
  ],
  ["server without memory", ["CONFIG", "SET", "maxmemory", "1"], /OOM/],
] as const)(
  "a new run on a %s learns that, and nothing about credentials",
  async (_what, command, reply) => {
    const { server } = await startReplicable();
    disposeAfterTest(server);
    const [name, ...args] = command;
    await server.operator.call(name, ...args);
    const error = await openStore(
      { socketPath: server.socketPath },
      { timing: SHORT_TIMEOUTS },
    ).then(
      () => undefined,
      (reason: unknown) => reason as VmrigError,
    );
    expect(error).toMatchObject({
      code: "REDIS_UNREACHABLE",
      summary: expect.stringMatching(reply),
    });
    expect(error?.hint).not.toMatch(/credentials|password|reachable/);
  },
);

test("a new run connects once the address leads to the new primary", async () => {
  const { primary, other, network } = await startPair();
  await replicate(primary, other);
  const opening = openStore({ url: network.url }, { timing: SHORT_TIMEOUTS });
  await until("a connection", () => network.connections > 0);
  network.moveTo(other.server.socketPath);
  const held = await acquire(await opening, { who: "alice" });
  expect(held.state).toBe("held");
});
