import { afterEach, describe, expect, test, vi } from "vitest";
import type { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { aborted, person } from "./fixtures/holders.ts";
import { RedisServers } from "../redis/fixtures/redis-servers.ts";
import { PCS } from "./fixtures/rigs.ts";
import { openLeaseStore, type LeaseStoreOptions } from "./open-lease-store.ts";
import { LOSS } from "./explain-loss.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let stack = new AsyncDisposableStack();
afterEach(async () => {
  const used = stack;
  stack = new AsyncDisposableStack();
  await used.disposeAsync();
});

describe.each([1, 3])("with %d Redis servers", (count) => {
  async function redis(): Promise<RedisServers> {
    return stack.use(await RedisServers.start(count));
  }

  async function open(redisAddress: LeaseStoreOptions["redis"]) {
    return stack.use(
      await openLeaseStore({ redis: redisAddress, timing: { commandTimeoutMs: 500 } }),
    );
  }

  async function lease(who: string, servers: RedisServers) {
    return (await open(servers.address)).acquire(PCS, {
      holder: person(who),
      ttlMs: 1500,
      waitForMs: 5000,
    });
  }

  async function details(signal: AbortSignal): Promise<readonly string[]> {
    return ((await aborted(signal)) as VmrigError).details;
  }

  test("a lost lease names its new holder and the time", async () => {
    const servers = await redis();
    const held = await lease("alice", servers);
    await servers.del("vmrig:{pcs}:pcs-1:lock");
    await lease("bob", servers);
    expect(await details(held.signal)).toEqual([
      expect.stringMatching(/^taken by bob@laptop \(vitest run x\) \d\.\d s ago$/),
    ]);
  });

  test("a lost lease without a new holder reports that the lock is gone", async () => {
    const servers = await redis();
    const held = await lease("alice", servers);
    await servers.flushall();
    expect(await details(held.signal)).toEqual([
      "the lock is gone from Redis (data lost, or removed by hand)",
    ]);
  });

  test("a lost lease reports a lock that was overwritten by hand", async () => {
    const servers = await redis();
    const held = await lease("alice", servers);
    await servers.set("vmrig:{pcs}:pcs-1:lock", "mine");
    expect(await details(held.signal)).toEqual(["the lock was overwritten by hand"]);
  });

  test("a lease lost because Redis did not answer reports for how long", async () => {
    const servers = await redis();
    const held = await lease("alice", servers);
    await servers.kill();
    expect(await details(held.signal)).toEqual([
      expect.stringMatching(/^Redis was silent for \d\.\d s$/),
    ]);
  });

  test("a refusal ends the lease immediately, and the abort has a time limit for the holder name", async () => {
    const servers = await redis();
    const store = await open(servers.throughNetworks);
    const held = await store.acquire(PCS, {
      holder: person("alice"),
      ttlMs: 600_000,
      waitForMs: 5000,
    });
    for (const network of servers.networks) network.loseRepliesTo(LOSS.sha);
    await servers.del("vmrig:{pcs}:pcs-1:lock");
    const saving = store.saveRecord(held, 1).catch((error: unknown) => error);
    await waitFor({
      what: "the refusal",
      timeoutMs: 5000,
      intervalMs: 1,
      probe: () =>
        Promise.resolve(held.state === "lost" ? { value: undefined } : { seen: held.state }),
    });
    expect(held.remainingMs()).toBe(0);
    expect(() => held.assertHeld()).toThrow(
      expect.objectContaining({ code: "LEASE_LOST", details: [] }),
    );
    expect(held.signal.aborted).toBe(true);
    expect(await saving).toBe(held.signal.reason);
  });

  test("the signal aborts without a holder name when Redis stops answering after the refusal", async () => {
    const servers = await redis();
    const held = await (
      await open(servers.throughNetworks)
    ).acquire(PCS, { holder: person("alice"), ttlMs: 1500, waitForMs: 5000 });
    for (const network of servers.networks) network.loseRepliesTo(LOSS.sha);
    await servers.del("vmrig:{pcs}:pcs-1:lock");
    expect(await aborted(held.signal)).toMatchObject({
      message: expect.stringContaining("no longer holds"),
      details: [],
    });
  });
});
