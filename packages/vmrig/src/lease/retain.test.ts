import { describe, expect, test } from "vitest";
import { Child } from "./fixtures/child.ts";
import { person } from "./fixtures/holders.ts";
import { waitForQueue } from "./fixtures/queue.ts";
import { PCS, PCS_1 } from "./fixtures/rigs.ts";
import {
  acquire,
  disposeAfterTest,
  LOCK,
  NO_POLLING,
  openStore,
  startServers,
  until,
} from "./lease.test.kit.ts";
import type { LeaseStoreOptions } from "./open-lease-store.ts";
import { renderQueueStatus } from "./queue-status.ts";

const WHY = "after a failed run";
const HOUR = 3_600_000;

describe.each([1, 3])("with %d Redis servers", (count) => {
  const open = (redis: LeaseStoreOptions["redis"]) =>
    openStore(redis, { timing: { ...NO_POLLING, commandTimeoutMs: 500 } });

  async function scene() {
    const servers = await startServers(count);
    const leases = await open(servers.address);
    const alice = await acquire(leases, { who: "alice", ttlMs: 1500 });
    return { servers, leases, alice, other: await open(servers.address) };
  }

  test("a retained lease ends for its run, and the copy stays leased after its process ends", async () => {
    const { leases, alice, other } = await scene();
    await leases.retain(alice, { forMs: HOUR, why: WHY });
    expect(alice.state).toBe("retained");
    expect(alice.signal.aborted).toBe(false);
    expect(alice.remainingMs()).toBe(0);
    expect(() => alice.assertHeld()).toThrow(
      expect.objectContaining({
        code: "LEASE_LOST",
        message: expect.stringContaining("was retained"),
      }),
    );
    await alice.release();
    await leases.close();
    expect((await other.view(PCS)).copies[0]?.held).toMatchObject({
      holder: person("alice"),
      fence: alice.fence,
      retained: { why: WHY, until: expect.any(Number) },
    });
    expect(await other.tryAcquire(PCS, { holder: person("bob") })).toBeUndefined();
  });

  test("waiters see that a copy is retained, why, by whom and until when", async () => {
    const { leases, alice, other } = await scene();
    const told: string[] = [];
    const waiting = acquire(other, {
      who: "bob",
      onWait: (status) => told.push(renderQueueStatus(status)),
    });
    await until("bob's first report", () => told.length > 0);
    await leases.retain(alice, { forMs: 2000, why: WHY });
    const { message } = await acquire(other, { who: "carol", waitForMs: 0 }).then(
      () => new Error("it was granted"),
      (error: Error) => error,
    );
    expect(message).toMatch(
      /\n {2}retained by alice@laptop after a failed run for another \d\.\d s \(until \d\d:\d\d\)\n {2}you were 2nd of/,
    );
    expect((await waiting).fence).toBeGreaterThan(alice.fence);
    expect(told[0]).toMatch(/^pcs-1 is held by alice@laptop \(vitest run x\) for /);
  });

  test("a retained lease ends by itself, and a running renewal neither extends nor ends it", async () => {
    const servers = await startServers(count);
    const leases = await open(servers.throughNetworks);
    const alice = await acquire(leases, { who: "alice", ttlMs: 1000 });
    // Renewals are sent every third of a second: one is in flight most of the time.
    for (const network of servers.networks) network.delayReplies(150);
    await leases.retain(alice, { forMs: 900, why: WHY });
    const lives = async () =>
      Math.max(...(await Promise.all(servers.all.map(({ operator }) => operator.pttl(LOCK)))));
    expect(await lives()).toBeLessThanOrEqual(900);
    await until("its end", async () => {
      const left = await lives();
      expect(left).toBeLessThanOrEqual(900);
      return left === -2;
    });
    expect(alice.state).toBe("retained");
  });

  test("a retained lease is revoked by its fence, and the next waiter gets the copy immediately", async () => {
    const { leases, alice, other } = await scene();
    await leases.retain(alice, { forMs: HOUR, why: WHY });
    const waiting = acquire(other, { who: "bob" });
    await waitForQueue(other, ["bob"]);
    expect(await other.revoke({ ...PCS_1, fence: alice.fence, by: person("bob") })).toMatchObject({
      retained: { why: WHY },
    });
    expect((await waiting).fence).toBeGreaterThan(alice.fence);
  });

  test("a lost lease cannot be retained", async () => {
    const { servers, leases, alice, other } = await scene();
    await servers.del(LOCK);
    const bob = await acquire(other, { who: "bob" });
    await expect(leases.retain(alice, { forMs: HOUR, why: WHY })).rejects.toMatchObject({
      code: "LEASE_LOST",
      details: [expect.stringContaining("taken by bob@laptop")],
    });
    expect(alice.state).toBe("lost");
    expect((await other.view(PCS)).copies[0]?.held).toMatchObject({ fence: bob.fence });
    expect((await other.view(PCS)).copies[0]?.held?.retained).toBeUndefined();
  });

  test("a retain command whose answer is lost is retried", async () => {
    const servers = await startServers(count);
    const leases = await open(servers.throughNetworks);
    const alice = await acquire(leases, { who: "alice", ttlMs: 30_000 });
    // From here on Redis has the script cached, and only its SHA-1 is sent.
    const other = await acquire(leases, {
      who: "alice",
      request: { rig: "other", copies: ["pc"] },
    });
    await leases.retain(other, { forMs: HOUR, why: "before" });
    for (const network of servers.networks) network.loseRepliesTo(WHY);
    const keeping = leases.retain(alice, { forMs: HOUR, why: WHY });
    keeping.catch(() => {});
    await until("the command to arrive", async () => {
      const retained = await Promise.all(
        servers.all.map(({ operator }) => operator.hexists("vmrig:{pcs}:pcs-1:holder", "retained")),
      );
      return retained.every((one) => one === 1);
    });
    for (const network of servers.networks) network.loseRepliesTo(undefined);
    await keeping;
    expect(alice.state).toBe("retained");
  });

  test("the reason that others see contains no control characters and no secrets", async () => {
    const { leases, alice, other } = await scene();
    await leases.retain(alice, { forMs: HOUR, why: "because\u001B[2J of API_TOKEN=hunter2" });
    expect((await other.view(PCS)).copies[0]?.held?.retained?.why).toBe(
      "because [2J of API_TOKEN=***",
    );
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 24 * HOUR + 1])(
    "a copy cannot be retained for %d ms",
    async (forMs) => {
      const { leases, alice } = await scene();
      await expect(leases.retain(alice, { forMs, why: WHY })).rejects.toMatchObject({
        code: "CONFIG_INVALID",
      });
      alice.assertHeld();
    },
  );

  test("a retained lease outlives its process", async () => {
    const servers = await startServers(count);
    const child = disposeAfterTest(
      new Child("lease-process.ts", [servers.socketPaths, "keep", "alice"]),
    );
    const { fence } = await child.says("retained");
    child.signal("SIGKILL");
    await child.ended();
    const other = await open(servers.address);
    const { held } = (await other.view(PCS)).copies[0] ?? {};
    expect(held).toMatchObject({ fence, retained: { why: WHY } });
    expect(held?.expiresInMs).toBeGreaterThan(1500); // its ttl
  });
});
