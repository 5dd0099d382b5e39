import { describe, expect, test } from "vitest";
import { manualClock, type ManualClock } from "../clock/manual-clock.test.kit.ts";
import type { RedisServers } from "../redis/fixtures/redis-servers.ts";
import type { VmrigError } from "../errors/vmrig-error.ts";
import { LOSS } from "./explain-loss.ts";
import { aborted } from "./fixtures/holders.ts";
import type { Lease } from "./lease.ts";
import {
  acquire,
  LOCK,
  LONG_TIMEOUTS,
  openStore,
  SHORT_TIMEOUTS,
  startServers,
  until,
} from "./lease.test.kit.ts";
import type { LeaseStoreOptions } from "./open-lease-store.ts";

describe.each([1, 3])("with %d Redis servers", (count) => {
  const TTL_MS = 60_000;

  interface Renewed {
    readonly held: Lease;
    readonly clock: ManualClock;
    /** Advances the clock to the next renewal. @returns the details of the loss */
    readonly details: () => Promise<readonly string[]>;
  }

  async function lease(
    redis: LeaseStoreOptions["redis"] | RedisServers,
    timing = SHORT_TIMEOUTS,
  ): Promise<Renewed> {
    const clock = manualClock();
    const leases = await openStore(redis, { clock, timing });
    const held = await acquire(leases, { who: "alice", ttlMs: TTL_MS });
    const details = async () => {
      clock.advance(TTL_MS / 3);
      return ((await aborted(held.signal)) as VmrigError).details;
    };
    return { held, clock, details };
  }

  test("a lost lease names its new holder and the time", async () => {
    const servers = await startServers(count);
    const { details } = await lease(servers);
    await servers.del(LOCK);
    await acquire(await openStore(servers), { who: "bob" });
    expect(await details()).toEqual([
      expect.stringMatching(/^taken by bob@laptop \(vitest run x\) \d\.\d s ago$/),
    ]);
  });

  test("a lost lease without a new holder reports that the lock is gone", async () => {
    const servers = await startServers(count);
    const { details } = await lease(servers);
    await servers.flushall();
    expect(await details()).toEqual([
      "the lock is gone from Redis (data lost, or removed by hand)",
    ]);
  });

  test("a lost lease reports a lock that was overwritten by hand", async () => {
    const servers = await startServers(count);
    const { details } = await lease(servers);
    await servers.set(LOCK, "mine");
    expect(await details()).toEqual(["the lock was overwritten by hand"]);
  });

  test("a lease lost because Redis did not answer reports for how long", async () => {
    const servers = await startServers(count);
    const { clock, details } = await lease(servers);
    await servers.kill();
    const lost = details();
    await until("the renewal to fail", () => clock.sleeping().includes(500));
    clock.advance(TTL_MS - TTL_MS / 3);
    expect(await lost).toEqual(["Redis was silent for 60 s"]);
  });

  test("a refusal ends the lease immediately, and the abort has a time limit for the holder name", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers.throughNetworks, { timing: { commandTimeoutMs: 500 } });
    const held = await acquire(leases, { who: "alice" });
    for (const network of servers.networks) network.loseRepliesTo(LOSS.sha);
    await servers.del(LOCK);
    const saving = leases.saveRecord(held, 1).catch((error: unknown) => error);
    await until("the refusal", () => held.state === "lost");
    expect(held.remainingMs()).toBe(0);
    expect(() => held.assertHeld()).toThrow(
      expect.objectContaining({ code: "LEASE_LOST", details: [] }),
    );
    expect(held.signal.aborted).toBe(true);
    expect(await saving).toBe(held.signal.reason);
  });

  test("the signal aborts without a holder name when Redis stops answering after the refusal", async () => {
    const servers = await startServers(count);
    const { held, clock } = await lease(servers.throughNetworks, LONG_TIMEOUTS);
    for (const network of servers.networks) network.loseRepliesTo(LOSS.sha);
    await servers.del(LOCK);
    clock.advance(TTL_MS / 3);
    await until("the refusal", () => held.state === "lost");
    expect(held.signal.aborted).toBe(false);
    clock.advance(300);
    expect(await aborted(held.signal)).toMatchObject({
      message: expect.stringContaining("no longer holds"),
      details: [],
    });
  });
});
