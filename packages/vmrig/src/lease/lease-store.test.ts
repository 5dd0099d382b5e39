import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { waitFor } from "../wait/wait-for.ts";
import { Child } from "./fixtures/child.ts";
import { aborted, person } from "./fixtures/holders.ts";
import { RedisServers } from "../redis/fixtures/redis-servers.ts";
import type { LeaseStore } from "./lease-store.ts";
import { openLeaseStore } from "./open-lease-store.ts";
import type { LeaseRequest } from "./lease-request.ts";
import { PCS, PCS_1, pcs } from "./fixtures/rigs.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

describe.each([1, 3])("with %d Redis servers", (count) => {
  let servers: RedisServers;
  let leases: LeaseStore;

  beforeAll(async () => {
    servers = await RedisServers.start(count);
  });
  afterAll(async () => {
    await servers[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await servers.flushall();
    leases = await openLeaseStore({ redis: servers.address });
    return () => leases.close();
  });

  const acquire = (who: string, request: LeaseRequest = PCS) =>
    leases.acquire(request, { holder: person(who), waitForMs: 1000 });

  test("a lease is exclusive until it is released", async () => {
    const held = await acquire("alice");
    expect(await leases.tryAcquire(PCS, { holder: person("bob") })).toBeUndefined();
    await held.release();
    expect((await leases.tryAcquire(PCS, { holder: person("bob") }))?.holder).toEqual(
      person("bob"),
    );
  });

  test("rigs are leased independently of each other", async () => {
    expect((await acquire("alice", PCS)).state).toBe("held");
    expect((await acquire("bob", { rig: "other", copies: ["pcs-1"] })).state).toBe("held");
  });

  test("a failed attempt leaves no waiter in the queue", async () => {
    await acquire("alice");
    await leases.tryAcquire(PCS, { holder: person("bob") });
    expect((await leases.view(PCS)).queue).toEqual([]);
  });

  test("an attempt does not overtake waiters", async () => {
    const held = await acquire("alice");
    const waiting = leases.acquire(PCS, { holder: person("bob"), waitForMs: 10_000 });
    await waitFor({
      what: "bob",
      timeoutMs: 5000,
      intervalMs: 5,
      probe: async () =>
        (await leases.view(PCS)).queue.length === 1 ? { value: 1 } : { seen: "no waiter" },
    });
    const releasing = held.release();
    expect(await leases.tryAcquire(PCS, { holder: person("carol") })).toBeUndefined();
    await releasing;
    expect((await waiting).holder.who).toBe("bob");
  });

  test("a release does not abort the signal, but the lease can no longer be used", async () => {
    const held = await acquire("alice");
    await held.release();
    expect(held.state).toBe("released");
    expect(held.signal.aborted).toBe(false);
    expect(held.remainingMs()).toBe(0);
    expect(() => held.assertHeld()).toThrow(expect.objectContaining({ code: "LEASE_LOST" }));
  });

  test("a release may be repeated, and does not fail when the lock is gone", async () => {
    const held = await acquire("alice");
    await servers.flushall();
    await Promise.all([held.release(), held.release()]);
    await held.release();
    expect(held.state).toBe("released");
  });

  test("a release does not touch the lock of the next holder", async () => {
    const held = await acquire("alice");
    await servers.del("vmrig:{pcs}:pcs-1:lock");
    const next = await acquire("bob");
    await held.release();
    expect((await leases.view(PCS)).copies[0]?.held?.fence).toBe(next.fence);
  });

  test("a lease is released at the end of its block", async () => {
    {
      await using held = await acquire("alice");
      held.assertHeld();
    }
    expect((await leases.view(PCS)).copies[0]?.held).toBeUndefined();
  });

  test("the view of a free rig has no holder and no queue", async () => {
    expect(await leases.view(pcs(2))).toEqual({
      rig: "pcs",
      copies: [
        { copy: "pcs-1", fence: 0 },
        { copy: "pcs-2", fence: 0 },
      ],
      line: [],
    });
  });

  test("the view shows the holder, since when, until when, and the waiters", async () => {
    const held = await acquire("alice");
    const waiting = acquire("bob");
    const view = await waitFor({
      what: "bob in the queue",
      timeoutMs: 5000,
      probe: async () => {
        const seen = await leases.view(PCS);
        return seen.queue.length === 1 ? { value: seen } : { seen: "no waiter" };
      },
    });
    expect(view).toMatchObject({
      copies: [
        { copy: "pcs-1", fence: held.fence, held: { holder: person("alice"), fence: held.fence } },
      ],
      line: [{ holder: person("bob"), extra: false, accepts: ["pcs-1"] }],
    });
    expect(view.copies[0]?.held?.expiresInMs).toBeLessThanOrEqual(30_000);
    expect(view.copies[0]?.held?.heldForMs).toBeGreaterThanOrEqual(0);
    await held.release();
    await waiting;
  });

  test("a lock that was set by hand is respected and shown", async () => {
    await servers.set("vmrig:{pcs}:pcs-1:lock", "mine");
    expect(await leases.tryAcquire(PCS, { holder: person("alice") })).toBeUndefined();
    expect((await leases.view(PCS)).copies[0]?.held).toMatchObject({
      holder: { who: "unknown" },
      expiresInMs: Number.POSITIVE_INFINITY,
    });
  });

  test("other users see neither secrets nor control characters of a holder", async () => {
    await leases.acquire(PCS, {
      holder: { ...person("al\u001B[2Jice"), command: "API_TOKEN=hunter2 vitest" },
      waitForMs: 1000,
    });
    const stored = JSON.stringify(
      await Promise.all(
        servers.all.map(({ operator }) => operator.hgetall("vmrig:{pcs}:pcs-1:holder")),
      ),
    );
    expect(stored).toContain("vitest");
    expect(stored).not.toContain("hunter2");
    expect((await leases.view(PCS)).copies[0]?.held?.holder).toMatchObject({
      who: "al [2Jice",
      command: "API_TOKEN=*** vitest",
    });
  });

  test("a record outlives the lease under which it was saved", async () => {
    expect(await leases.record(PCS_1)).toBeUndefined();
    const held = await acquire("alice");
    await leases.saveRecord(held, { baseline: "abc", addresses: ["10.77.0.11"] });
    await held.release();
    expect(await leases.record(PCS_1)).toEqual({ baseline: "abc", addresses: ["10.77.0.11"] });
    for (const { operator } of servers.all)
      expect(await operator.pttl("vmrig:{pcs}:pcs-1:record")).toBe(-1);
  });

  test("a dropped record is removed", async () => {
    const held = await acquire("alice");
    await leases.saveRecord(held, 1);
    await leases.dropRecord(held);
    expect(await leases.record(PCS_1)).toBeUndefined();
  });

  test("a damaged record counts as missing", async () => {
    await servers.set("vmrig:{pcs}:pcs-1:record", "{");
    expect(await leases.record(PCS_1)).toBeUndefined();
  });

  test("a record is not saved under a lease that was released", async () => {
    const held = await acquire("alice");
    await held.release();
    await expect(leases.saveRecord(held, 1)).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect(await leases.record(PCS_1)).toBeUndefined();
  });

  test.each([
    ["the lock is gone", () => Promise.resolve()],
    ["another run holds it", () => acquire("bob")],
  ])(
    "a record is neither saved nor dropped when %s, and the lease is lost immediately",
    async (_case, then) => {
      await servers.set("vmrig:{pcs}:pcs-1:record", "1");
      const held = await acquire("alice");
      await servers.del("vmrig:{pcs}:pcs-1:lock");
      await then();
      await expect(leases.saveRecord(held, 2)).rejects.toMatchObject({
        code: "LEASE_LOST",
        message: expect.stringContaining("no longer holds"),
      });
      expect(held.state).toBe("lost");
      await expect(leases.dropRecord(held)).rejects.toBe(await aborted(held.signal));
      expect(await leases.record(PCS_1)).toBe(1);
    },
  );

  test("closing releases all leases and cancels all waiters", async () => {
    const held = await acquire("alice");
    const waiting = leases.acquire(PCS, { holder: person("bob"), waitForMs: 600_000 });
    const outcome = waiting.catch((error: unknown) => error);
    await Promise.all([leases.close(), leases.close()]);
    expect(await outcome).toMatchObject({ code: "CANCELLED" });
    expect(held.state).toBe("released");
    const left = ["vmrig:id", ...(count === 1 ? [] : ["vmrig:set-id"]), "vmrig:{pcs}:pcs-1:fence"];
    for (const keys of await servers.keys()) expect(keys).toEqual(left);
    await expect(
      leases.acquire(PCS, { holder: person("bob"), waitForMs: 0 }),
    ).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("stores on one Redis share an id, stores on different servers do not", async () => {
    await using elsewhere = await RedisServers.start(count);
    await using again = await openLeaseStore({ redis: servers.throughNetworks });
    await using other = await openLeaseStore({ redis: elsewhere.address });
    expect(leases.id).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect(again.id).toBe(leases.id);
    expect(other.id).not.toBe(leases.id);
  });

  test("the id outlives a restart of a Redis with an append-only file", async () => {
    await using persistent = await RedisServers.start(count, { persistence: "always" });
    await using first = await openLeaseStore({ redis: persistent.address });
    for (const server of persistent.all) {
      await server.kill();
      await server.start();
    }
    await using second = await openLeaseStore({ redis: persistent.address });
    expect(second.id).toBe(first.id);
  });

  test("after closing nothing keeps a process alive", async () => {
    await using child = new Child("lease-process.ts", [servers.socketPaths, "leave", "alice"]);
    await child.says("closed");
    expect(await child.ended()).toBe(0);
  });

  test.each(["", "pcs 1", "pcs}1", "pcs:1"])(
    "%j is not a valid name of a rig or a copy",
    async (name) => {
      await expect(acquire("alice", { rig: name, copies: ["pcs-1"] })).rejects.toMatchObject({
        code: "CONFIG_INVALID",
      });
      await expect(acquire("alice", { rig: "pcs", copies: [name] })).rejects.toMatchObject({
        code: "CONFIG_INVALID",
      });
      await expect(leases.view({ rig: "pcs", copies: [name] })).rejects.toMatchObject({
        code: "CONFIG_INVALID",
      });
    },
  );

  test("a request for a copy that does not exist lists the available copies", async () => {
    await expect(acquire("alice", { ...pcs(2), accept: ["pcs-3"] })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("pcs-1, pcs-2"),
    });
    await expect(acquire("alice", { ...pcs(2), accept: [] })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });

  test.each([0, 999, 1500.5, Number.NaN])("a ttl of %d ms is refused", async (ttlMs) => {
    await expect(leases.tryAcquire(PCS, { holder: person("alice"), ttlMs })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});
