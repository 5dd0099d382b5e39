import { afterEach, describe, expect, test, vi } from "vitest";
import { waitFor } from "../wait/wait-for.ts";
import { Child } from "./fixtures/child.ts";
import { person } from "./fixtures/holders.ts";
import { RedisServers } from "../redis/fixtures/redis-servers.ts";
import { PCS, PCS_1 } from "./fixtures/rigs.ts";
import type { LeaseStore } from "./lease-store.ts";
import { openLeaseStore, type LeaseStoreOptions } from "./open-lease-store.ts";
import { renderQueueStatus } from "./queue-status.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let stack = new AsyncDisposableStack();
afterEach(async () => {
  const used = stack;
  stack = new AsyncDisposableStack();
  await used.disposeAsync();
});

const WHY = "after a failed run";
const HOUR = 3_600_000;

describe.each([1, 3])("with %d Redis servers", (count) => {
  async function redis(): Promise<RedisServers> {
    return stack.use(await RedisServers.start(count));
  }

  async function open(address: LeaseStoreOptions["redis"]): Promise<LeaseStore> {
    return stack.use(
      await openLeaseStore({
        redis: address,
        timing: { commandTimeoutMs: 500, heartbeatMs: 600_000, aliveMs: 1_800_000 },
      }),
    );
  }

  async function scene() {
    const servers = await redis();
    const leases = await open(servers.address);
    const alice = await leases.acquire(PCS, {
      holder: person("alice"),
      ttlMs: 1500,
      waitForMs: 1000,
    });
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
    const waiting = other.acquire(PCS, {
      holder: person("bob"),
      waitForMs: 20_000,
      onWait: (line) => told.push(renderQueueStatus(line)),
    });
    await waitFor({
      what: "bob",
      timeoutMs: 5000,
      intervalMs: 5,
      probe: async () => (told.length > 0 ? { value: 1 } : { seen: "nothing" }),
    });
    await leases.retain(alice, { forMs: 2000, why: WHY });
    const { message } = await other.acquire(PCS, { holder: person("carol"), waitForMs: 0 }).then(
      () => new Error("it was granted"),
      (error: Error) => error,
    );
    expect(message).toMatch(
      /\n {2}retained by alice@laptop after a failed run for another \d\.\d s \(until \d\d:\d\d\)\n {2}1 ahead of you/,
    );
    expect((await waiting).fence).toBeGreaterThan(alice.fence);
    expect(told[0]).toMatch(/^pcs-1 is held by alice@laptop \(vitest run x\) for /);
  });

  test("a retained lease ends by itself, and a running renewal neither extends nor ends it", async () => {
    const servers = await redis();
    const leases = await open(servers.throughNetworks);
    const alice = await leases.acquire(PCS, {
      holder: person("alice"),
      ttlMs: 1000,
      waitForMs: 1000,
    });
    // Renewals are sent every third of a second: one is in flight most of the time.
    for (const network of servers.networks) network.delayReplies(150);
    await leases.retain(alice, { forMs: 900, why: WHY });
    const lives = async () =>
      Math.max(
        ...(await Promise.all(
          servers.all.map(({ operator }) => operator.pttl("vmrig:{pcs}:pcs-1:lock")),
        )),
      );
    expect(await lives()).toBeLessThanOrEqual(900);
    await waitFor({
      what: "its end",
      timeoutMs: 10_000,
      intervalMs: 5,
      probe: async () => {
        const left = await lives();
        expect(left).toBeLessThanOrEqual(900);
        return left === -2 ? { value: undefined } : { seen: `${left} ms left` };
      },
    });
    expect(alice.state).toBe("retained");
  });

  test("a retained lease is revoked by its fence, and the next waiter gets the copy immediately", async () => {
    const { leases, alice, other } = await scene();
    await leases.retain(alice, { forMs: HOUR, why: WHY });
    const waiting = other.acquire(PCS, { holder: person("bob"), waitForMs: 20_000 });
    await waitFor({
      what: "bob in the queue",
      timeoutMs: 5000,
      intervalMs: 5,
      probe: async () =>
        (await other.view(PCS)).queue.length === 1 ? { value: 1 } : { seen: "no waiter" },
    });
    expect(await other.revoke({ ...PCS_1, fence: alice.fence, by: person("bob") })).toMatchObject({
      retained: { why: WHY },
    });
    expect((await waiting).fence).toBeGreaterThan(alice.fence);
  });

  test("a lost lease cannot be retained", async () => {
    const { servers, leases, alice, other } = await scene();
    await servers.del("vmrig:{pcs}:pcs-1:lock");
    const bob = await other.acquire(PCS, { holder: person("bob"), waitForMs: 1000 });
    await expect(leases.retain(alice, { forMs: HOUR, why: WHY })).rejects.toMatchObject({
      code: "LEASE_LOST",
      details: [expect.stringContaining("taken by bob@laptop")],
    });
    expect(alice.state).toBe("lost");
    expect((await other.view(PCS)).copies[0]?.held).toMatchObject({ fence: bob.fence });
    expect((await other.view(PCS)).copies[0]?.held?.retained).toBeUndefined();
  });

  test("a retain command whose answer is lost is retried", async () => {
    const servers = await redis();
    const leases = await open(servers.throughNetworks);
    const alice = await leases.acquire(PCS, {
      holder: person("alice"),
      ttlMs: 30_000,
      waitForMs: 1000,
    });
    // From here on Redis has the script cached, and only its SHA-1 is sent.
    const other = await leases.acquire(
      { rig: "other", copies: ["pc"] },
      { holder: person("alice"), waitForMs: 1000 },
    );
    await leases.retain(other, { forMs: HOUR, why: "before" });
    for (const network of servers.networks) network.loseRepliesTo(WHY);
    const keeping = leases.retain(alice, { forMs: HOUR, why: WHY });
    keeping.catch(() => {});
    await waitFor({
      what: "the command to arrive",
      timeoutMs: 5000,
      intervalMs: 5,
      probe: async () => {
        const retained = await Promise.all(
          servers.all.map(({ operator }) =>
            operator.hexists("vmrig:{pcs}:pcs-1:holder", "retained"),
          ),
        );
        return retained.every((one) => one === 1) ? { value: 1 } : { seen: "not yet" };
      },
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
    const servers = await redis();
    const child = stack.use(new Child("lease-process.ts", [servers.socketPaths, "keep", "alice"]));
    const { fence } = await child.says("retained");
    child.signal("SIGKILL");
    await child.ended();
    const other = await open(servers.address);
    const { held } = (await other.view(PCS)).copies[0] ?? {};
    expect(held).toMatchObject({ fence, retained: { why: WHY } });
    expect(held?.expiresInMs).toBeGreaterThan(1500); // its ttl
  });
});
