import { beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import { connect, type OpenRedisConnection } from "../../redis/dial.ts";
import type { StoreContext } from "../store-context.ts";
import { person } from "../fixtures/holders.ts";
import { RedisServer } from "../../redis/fixtures/redis-server.ts";
import { queueKeys } from "../keys.ts";
import { lockPrimitive } from "./lock.ts";
import { singleRedis } from "./single/single-redis.ts";
import { ACQUIRE, EXTEND, GRANT, LEAVE, RELEASE, WAIT } from "./scripts.ts";
import { QueueWaiter } from "../queue-waiter.ts";
import { checkLeaseRequest, type LeaseRequest } from "../lease-request.ts";
import { PCS, pcs } from "../fixtures/rigs.ts";

let server: RedisServer;
let connection: OpenRedisConnection;
let context: StoreContext;

beforeAll(async () => {
  server = await RedisServer.start();
  connection = await connect({ socketPath: server.socketPath }, { commandTimeoutMs: 1500 });
  context = { backend: singleRedis(connection, "vmrig"), namespace: "vmrig", clock: systemClock };
  return async () => {
    connection.close();
    await server[Symbol.asyncDispose]();
  };
});

beforeEach(async () => {
  await server.operator.flushall();
});

const TIMES = { aliveMs: 6000, ttlMs: 30_000 };
const takeLock = (keys: string[]) =>
  lockPrimitive([connection], { acquire: ACQUIRE, extend: EXTEND, release: RELEASE })(keys, 30_000);
const waiter = (who: string, request: LeaseRequest = PCS) =>
  new QueueWaiter(context, checkLeaseRequest(request), person(who));

async function grant(who: string, request?: LeaseRequest) {
  const one = waiter(who, request);
  await one.heartbeat(TIMES);
  const got = await one.take(30_000);
  if (got === undefined) throw new Error(`${who} was refused`);
  return got;
}

test("each fence is larger than the one before", async () => {
  const fences: number[] = [];
  for (let i = 0; i < 20; i++) {
    const { fence, lock } = await grant("alice");
    fences.push(fence);
    await lock.release();
  }
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
});

test("the fence grows although Redis lost all its data", async () => {
  const first = await grant("alice");
  await server.operator.flushall();
  const second = await grant("bob");
  expect(second.fence).toBeGreaterThan(first.fence);
});

test("the fence grows although the clock of the server was set back", async () => {
  const future = (Date.now() + 86_400_000) * 1000;
  await server.operator.set("vmrig:{pcs}:pcs-1:fence", future);
  expect((await grant("alice")).fence).toBe(future + 1);
});

test("only the holder of the lock can read the fence", async () => {
  const { fence, lock } = await grant("alice");
  const keys = queueKeys("vmrig", PCS, "x", 1);
  expect(await connection.run(GRANT, keys, [lock.value])).toEqual(["pcs-1", String(fence)]);
  expect(await connection.run(GRANT, keys, ["another holder"])).toBeNull();
});

test("a client outside the queue is refused, although the lock is free", async () => {
  expect(await waiter("alice").take(30_000)).toBeUndefined();
});

test("a waiter that is not next is refused, although the lock is free", async () => {
  const [alice, bob] = [waiter("alice"), waiter("bob")];
  await alice.heartbeat(TIMES);
  await bob.heartbeat(TIMES);
  expect(await bob.take(30_000)).toBeUndefined();
  expect(await alice.take(30_000)).toBeDefined();
});

test("a waiter undoes its own grant whose answer was lost, and is still first", async () => {
  const [alice, bob] = [waiter("alice"), waiter("bob")];
  await alice.heartbeat(TIMES);
  await bob.heartbeat(TIMES);
  expect(await alice.take(30_000)).toBeDefined(); // as if this answer were lost
  const again = await alice.heartbeat(TIMES);
  expect(again).toMatchObject({ ahead: 0, waiting: 2, take: "pcs-1", held: [] });
  expect(await alice.take(30_000)).toBeDefined();
});

test("a waiter undoes its own grant whose answer was lost, whichever copy it was", async () => {
  await grant("holder", pcs(3));
  const alice = waiter("alice", pcs(3));
  await alice.heartbeat(TIMES);
  expect((await alice.take(30_000))?.copy).toBe("pcs-2"); // as if this answer were lost
  expect(await alice.heartbeat(TIMES)).toMatchObject({ take: "pcs-2", held: [{ copy: "pcs-1" }] });
  expect((await alice.take(30_000))?.copy).toBe("pcs-2");
});

test("a waiter may take a free copy that those ahead leave, each by its order of preference", async () => {
  await grant("holder", { ...pcs(4), accept: ["pcs-4"] });
  const others = { rig: "pcs", copies: ["pcs-3", "pcs-2", "pcs-1", "pcs-4"] };
  const line = [
    waiter("particular", { ...pcs(4), accept: ["pcs-4"] }),
    waiter("alice", pcs(4)),
    waiter("bob", others),
    waiter("carol", others),
    waiter("dave", pcs(4)),
  ];
  for (const one of line) await one.heartbeat(TIMES);
  const takes = [];
  for (const one of line) takes.push((await one.heartbeat(TIMES)).take);
  expect(takes).toEqual([undefined, "pcs-1", "pcs-3", "pcs-2", undefined]);
  expect(await line[4]?.take(30_000)).toBeUndefined();
  expect((await line[3]?.take(30_000))?.copy).toBe("pcs-2");
});

test("a delayed heartbeat that arrives after a later grant does not undo it", async () => {
  const keys = queueKeys("vmrig", PCS, "w", 1);
  await connection.run(WAIT, keys, [6000, "{}", 0, 0, 30_000]);
  const lock = await takeLock(keys);
  expect(await connection.run(WAIT, keys, [6000, "{}", 0, 0, 30_000])).toBeNull();
  expect(await server.operator.get("vmrig:{pcs}:pcs-1:lock")).toBe(lock?.value);
  expect(await server.operator.exists("vmrig:{pcs}:queue")).toBe(0);
});

test("a waiter that leaves the queue releases a grant whose answer it never received", async () => {
  const keys = queueKeys("vmrig", PCS, "w", 1);
  await connection.run(WAIT, keys, [6000, "{}", 0, 0, 30_000]);
  await takeLock(keys);
  await connection.run(LEAVE, keys);
  expect(await server.operator.keys("*")).toEqual(["vmrig:{pcs}:pcs-1:fence"]);
});

test("the order of the queue outlives a loss of the data set", async () => {
  const [alice, bob, carol] = [waiter("alice"), waiter("bob"), waiter("carol")];
  await grant("holder");
  for (const one of [alice, bob, carol]) await one.heartbeat(TIMES);
  await server.operator.flushall();
  await grant("newcomer");
  for (const one of [carol, bob, alice]) await one.heartbeat(TIMES);
  expect(
    [await alice.heartbeat(TIMES), await bob.heartbeat(TIMES), await carol.heartbeat(TIMES)].map(
      ({ ahead }) => ahead,
    ),
  ).toEqual([0, 1, 2]);
});

test("a run that already has a copy stays behind the others after a loss of the data set", async () => {
  const [extra, later, bob] = [
    waiter("extra", { ...PCS, extra: true }),
    waiter("later", { ...PCS, extra: true }),
    waiter("bob"),
  ];
  for (const one of [extra, later, bob]) await one.heartbeat(TIMES);
  await server.operator.flushall();
  for (const one of [later, extra, bob]) await one.heartbeat(TIMES);
  expect(
    [await bob.heartbeat(TIMES), await extra.heartbeat(TIMES), await later.heartbeat(TIMES)].map(
      ({ ahead }) => ahead,
    ),
  ).toEqual([0, 1, 2]);
});

test("only its owner can extend or release a lock", async () => {
  const first = await grant("alice");
  await server.operator.del("vmrig:{pcs}:pcs-1:lock");
  const second = await grant("bob");
  expect(await first.lock.extend(30_000)).toBe(false);
  await first.lock.release();
  expect(await server.operator.get("vmrig:{pcs}:pcs-1:lock")).toBe(second.lock.value);
  expect(await second.lock.extend(30_000)).toBe(true);
});
