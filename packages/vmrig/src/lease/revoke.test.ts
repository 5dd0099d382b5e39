import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../clock/clock.ts";
import { waitFor } from "../wait/wait-for.ts";
import { connect } from "../redis/dial.ts";
import { aborted, person } from "./fixtures/holders.ts";
import { RedisServers } from "../redis/fixtures/redis-servers.ts";
import { PCS, PCS_1, pcs } from "./fixtures/rigs.ts";
import type { LeaseStore } from "./lease-store.ts";
import { openLeaseStore } from "./open-lease-store.ts";
import { openQuorum } from "./backends/quorum/open.ts";
import { singleRedis } from "./backends/single/single-redis.ts";
import type { RedisAddress } from "../redis/address.ts";
import { QueueWaiter } from "./queue-waiter.ts";
import { checkLeaseRequest } from "./lease-request.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

describe.each([1, 3])("with %d Redis servers", (count) => {
  let servers: RedisServers;
  let leases: LeaseStore;
  const bob = { ...person("bob"), command: "vmrig release --force" };

  beforeAll(async () => {
    servers = await RedisServers.start(count);
    return () => servers[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await servers.flushall();
    // Only a publish wakes a waiter within the duration of a test.
    leases = await openLeaseStore({
      redis: servers.address,
      timing: { heartbeatMs: 600_000, aliveMs: 1_800_000 },
    });
    return () => leases.close();
  });

  const acquire = (who: string, request = PCS, ttlMs = 1500) =>
    leases.acquire(request, { holder: person(who), ttlMs, waitForMs: 20_000 });

  test("revoke returns the holder, which loses the lease at its next renewal and learns by whom", async () => {
    const held = await acquire("alice");
    expect(await leases.revoke({ ...PCS_1, fence: held.fence, by: bob })).toMatchObject({
      copy: "pcs-1",
      holder: person("alice"),
      fence: held.fence,
    });
    expect(await aborted(held.signal)).toMatchObject({
      code: "LEASE_LOST",
      details: [
        expect.stringMatching(
          /^released by force by bob@laptop \d\.\d s ago \(vmrig release --force\)$/,
        ),
      ],
    });
  });

  test("the next waiter gets the copy immediately, and the previous holder learns both names", async () => {
    const held = await acquire("alice", pcs(2));
    await acquire("dave", pcs(2), 600_000);
    const waiting = acquire("carol", pcs(2), 600_000);
    await waitFor({
      what: "carol in the queue",
      timeoutMs: 5000,
      intervalMs: 5,
      probe: async () =>
        (await leases.view(PCS)).queue.length === 1 ? { value: 1 } : { seen: "no waiter" },
    });
    await leases.revoke({ ...PCS_1, fence: held.fence, by: bob });
    expect((await waiting).copy).toBe("pcs-1");
    expect(await aborted(held.signal)).toMatchObject({
      details: [
        expect.stringMatching(/^released by force by bob@laptop /),
        expect.stringMatching(/^taken by carol@laptop /),
      ],
    });
  });

  test("a lease that was granted since is not revoked", async () => {
    const first = await acquire("alice");
    await first.release();
    const second = await acquire("carol");
    expect(await leases.revoke({ ...PCS_1, fence: first.fence, by: bob })).toBeUndefined();
    expect((await leases.view(PCS)).copies[0]?.held?.fence).toBe(second.fence);
    expect(
      await leases.revoke({ rig: "pcs", copy: "pcs-2", fence: second.fence, by: bob }),
    ).toBeUndefined();
  });

  test("of two concurrent revocations, one succeeds", async () => {
    const held = await acquire("alice");
    const revocation = { ...PCS_1, fence: held.fence, by: bob };
    const cut = await Promise.all([leases.revoke(revocation), leases.revoke(revocation)]);
    expect(cut.filter((hold) => hold !== undefined)).toHaveLength(1);
  });

  test("a lock that was set by hand can be revoked", async () => {
    await servers.set("vmrig:{pcs}:pcs-1:lock", "mine");
    const fence = (await leases.view(PCS)).copies[0]?.held?.fence ?? Number.NaN;
    expect(await leases.revoke({ ...PCS_1, fence, by: bob })).toMatchObject({
      holder: { who: "unknown" },
    });
    expect((await leases.tryAcquire(PCS, { holder: person("alice") }))?.state).toBe("held");
  });

  test("the note of a revocation expires", async () => {
    const held = await acquire("alice");
    await leases.revoke({ ...PCS_1, fence: held.fence, by: bob });
    for (const { operator } of servers.all)
      expect(await operator.pttl("vmrig:{pcs}:pcs-1:revoked")).toBeGreaterThan(0);
  });

  test("a concurrent renewal neither restores the revoked lease nor extends the next one", async () => {
    const options = { commandTimeoutMs: 1500, namespace: "vmrig", clock: systemClock };
    const addresses = servers.all.map(({ socketPath }) => ({ socketPath }));
    const backend =
      count === 1
        ? singleRedis(await connect(addresses[0] as RedisAddress, options), "vmrig")
        : await openQuorum(addresses, options);
    const context = { backend, namespace: "vmrig", clock: systemClock };
    const grant = async (who: string, ttlMs: number) => {
      const waiter = new QueueWaiter(context, checkLeaseRequest(PCS), person(who));
      await waiter.heartbeat({ aliveMs: 6000, ttlMs });
      const granted = await waiter.take(ttlMs);
      if (granted === undefined) throw new Error(`${who} was refused`);
      return granted;
    };
    for (let i = 0; i < 30; i++) {
      const { lock, fence } = await grant("alice", 600_000);
      const [, cut] = await Promise.all([
        lock.extend(600_000),
        backend.revoke({ ...PCS_1, fence, by: bob }),
        lock.extend(600_000),
      ]);
      expect(cut?.holder.who).toBe("alice");
      const next = await grant("carol", 30_000);
      expect(await lock.extend(600_000)).toBe(false);
      for (const { operator } of servers.all)
        expect(await operator.pttl("vmrig:{pcs}:pcs-1:lock")).toBeLessThanOrEqual(30_000);
      await next.lock.release();
    }
    backend.close();
  });
});
