import { createHash } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { waitFor } from "../wait/wait-for.ts";
import { BadNetwork } from "../redis/fixtures/bad-network.ts";
import { Child } from "./fixtures/child.ts";
import { queueOf, waitForQueue } from "./fixtures/queue.ts";
import { person } from "./fixtures/holders.ts";
import { RedisServer } from "../redis/fixtures/redis-server.ts";
import { RedisServers } from "../redis/fixtures/redis-servers.ts";
import type { LeaseStore } from "./lease-store.ts";
import { openLeaseStore, type LeaseStoreOptions } from "./open-lease-store.ts";
import { ACQUIRE } from "./backends/scripts.ts";
import type { QueueStatus } from "./queue-status.ts";
import { PCS } from "./fixtures/rigs.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let stack = new AsyncDisposableStack();
afterEach(async () => {
  const used = stack;
  stack = new AsyncDisposableStack();
  await used.disposeAsync();
});

const QUICK = { commandTimeoutMs: 300, heartbeatMs: 200, aliveMs: 1000 };
/** Where every Redis answers: it may be slow on a busy computer. */
const PATIENT = { commandTimeoutMs: 5000, heartbeatMs: 200, aliveMs: 2000 };
/** Only a publish wakes a waiter within the duration of a test. */
const NO_POLLING = { heartbeatMs: 600_000, aliveMs: 1_800_000 };

describe.each([1, 3])("with %d Redis servers", (count) => {
  const ids = ["vmrig:id", ...(count === 1 ? [] : ["vmrig:set-id"])];

  async function redis(options?: Parameters<typeof RedisServer.start>[0]): Promise<RedisServers> {
    return stack.use(await RedisServers.start(count, options));
  }

  async function store(
    servers: RedisServers,
    timing: LeaseStoreOptions["timing"] = PATIENT,
  ): Promise<LeaseStore> {
    return stack.use(await openLeaseStore({ redis: servers.address, timing }));
  }

  test("waiters are served in order of arrival, each woken by a publish", async () => {
    const servers = await redis();
    const leases = await store(servers, NO_POLLING);
    const first = await leases.acquire(PCS, {
      holder: person("first"),
      ttlMs: 600_000,
      waitForMs: 1000,
    });
    const served: string[] = [];
    const names = ["alice", "bob", "carol", "dave"];
    const waits: Promise<void>[] = [];
    for (const [i, who] of names.entries()) {
      const own = i % 2 === 0 ? leases : await store(servers, NO_POLLING);
      waits.push(
        own
          .acquire(PCS, { holder: person(who), ttlMs: 600_000, waitForMs: 20_000 })
          .then(async (lease) => {
            served.push(who);
            await lease.release();
          }),
      );
      await waitForQueue(leases, names.slice(0, i + 1));
    }
    await first.release();
    await Promise.all(waits);
    expect(served).toEqual(names);
  });

  test("a release before the subscription of a waiter is active is not missed", async () => {
    const servers = await redis();
    const [leases, other] = [await store(servers, NO_POLLING), await store(servers, NO_POLLING)];
    for (let i = 1; i <= 20; i++) {
      // A new rig has a new channel. The subscriber connection is open from the first round on.
      const held = await leases.acquire(
        { rig: `rig-${i}`, copies: ["pc"] },
        { holder: person("alice"), ttlMs: 600_000, waitForMs: 1000 },
      );
      const waiting = other.acquire(
        { rig: `rig-${i}`, copies: ["pc"] },
        {
          holder: person("bob"),
          ttlMs: 600_000,
          waitForMs: 60_000,
          onWait: () => void held.release(),
        },
      );
      expect((await waiting).holder.who).toBe("bob");
    }
  });

  test("the lease of a killed holder goes to the next waiter as soon as the TTL ends", async () => {
    const servers = await redis();
    const leases = await store(servers, NO_POLLING);
    const holder = stack.use(new Child("lease-process.ts", [servers.socketPaths, "hold", "alice"]));
    const { fence } = await holder.says("fence");
    const waiting = leases.acquire(PCS, { holder: person("bob"), waitForMs: 20_000 });
    await waitForQueue(leases, ["bob"]);
    holder.signal("SIGKILL");
    expect((await waiting).fence).toBeGreaterThan(fence as number);
  });

  test("a killed waiter does not block the waiters behind it", async () => {
    const servers = await redis();
    const leases = await store(servers);
    const held = await leases.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
    const killed = stack.use(
      new Child("lease-process.ts", [servers.socketPaths, "wait", "killed"]),
    );
    await killed.says("waiting");
    const waiting = leases.acquire(PCS, { holder: person("bob"), waitForMs: 20_000 });
    await waitForQueue(leases, ["killed", "bob"]);
    killed.signal("SIGKILL");
    await killed.ended();
    await held.release();
    expect((await waiting).holder.who).toBe("bob");
  });

  test("a waiter that gives up leaves the queue immediately and without a trace", async () => {
    const servers = await redis();
    const leases = await store(servers, NO_POLLING);
    const held = await leases.acquire(PCS, {
      holder: person("alice"),
      ttlMs: 600_000,
      waitForMs: 1000,
    });
    const cancel = new AbortController();
    const waiting = leases.acquire(PCS, {
      holder: person("bob"),
      waitForMs: 600_000,
      signal: cancel.signal,
    });
    await waitForQueue(leases, ["bob"]);
    cancel.abort(new Error("changed my mind"));
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED", cause: cancel.signal.reason });
    const left = [
      ...ids,
      "vmrig:{pcs}:pcs-1:fence",
      "vmrig:{pcs}:pcs-1:holder",
      "vmrig:{pcs}:pcs-1:lock",
    ];
    for (const keys of await servers.keys()) expect(keys).toEqual(left);
    held.assertHeld();
  });

  test("when a waiter gives up, the next one is woken if the lock is free", async () => {
    const servers = await redis();
    const leases = await store(servers, NO_POLLING);
    const cancel = new AbortController();
    const held = await leases.acquire(PCS, {
      holder: person("alice"),
      ttlMs: 600_000,
      waitForMs: 1000,
    });
    const first = leases.acquire(PCS, {
      holder: person("bob"),
      waitForMs: 600_000,
      signal: cancel.signal,
    });
    await waitForQueue(leases, ["bob"]);
    const second = leases.acquire(PCS, { holder: person("carol"), waitForMs: 600_000 });
    await waitForQueue(leases, ["bob", "carol"]);
    cancel.abort();
    await expect(first).rejects.toMatchObject({ code: "CANCELLED" });
    await held.release();
    expect((await second).holder.who).toBe("carol");
  });

  test("an acquire with an aborted signal takes nothing", async () => {
    const servers = await redis();
    const leases = await store(servers);
    await expect(
      leases.acquire(PCS, {
        holder: person("alice"),
        waitForMs: 1000,
        signal: AbortSignal.abort(),
      }),
    ).rejects.toMatchObject({
      code: "CANCELLED",
    });
    for (const keys of await servers.keys()) expect(keys).toEqual(ids);
  });

  test("at the deadline the error shows the holder, since when, and how many waiters are ahead", async () => {
    const servers = await redis();
    const leases = await store(servers);
    await leases.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
    const ahead = leases.acquire(PCS, { holder: person("bob"), waitForMs: 600_000 });
    ahead.catch(() => {});
    await waitForQueue(leases, ["bob"]);
    const error = await leases
      .acquire(PCS, { holder: person("carol"), waitForMs: 500 })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "RIG_BUSY",
      fault: "infra",
      summary: expect.stringMatching(/^"pcs-1" stayed busy for \d+\.\d s\.$/),
      details: [
        expect.stringMatching(
          /^held by alice@laptop \(vitest run x\) for \d+\.\d s, expires in \d+ s if not renewed$/,
        ),
        "1 ahead of you, 2 waiting",
      ],
      hint: expect.stringContaining("lease.waitFor"),
    });
    expect(await queueOf(leases)).toEqual(["bob"]);
  });

  test("a wait of 0 ms tries once", async () => {
    const servers = await redis();
    const leases = await store(servers);
    const held = await leases.acquire(PCS, { holder: person("alice"), waitForMs: 0 });
    await expect(
      leases.acquire(PCS, { holder: person("bob"), waitForMs: 0 }),
    ).rejects.toMatchObject({ code: "RIG_BUSY" });
    await held.release();
  });

  test("a waiter gets a report for each change of the queue, and for nothing else", async () => {
    const servers = await redis();
    const leases = await store(servers, { heartbeatMs: 50, aliveMs: 5000 });
    const alice = await leases.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
    const bob = leases.acquire(PCS, { holder: person("bob"), waitForMs: 20_000 });
    await waitForQueue(leases, ["bob"]);
    const reports: QueueStatus[] = [];
    const carol = leases.acquire(PCS, {
      holder: person("carol"),
      waitForMs: 20_000,
      onWait: (line) => reports.push(line),
    });
    await waitForQueue(leases, ["bob", "carol"]);
    await waitFor({
      what: "two heartbeats of carol",
      timeoutMs: 5000,
      probe: async () =>
        ((await leases.view(PCS)).queue[1]?.waitedMs ?? 0) > 200
          ? { value: undefined }
          : { seen: "too early" },
    });
    await alice.release();
    const bobs = await bob;
    await waitFor({
      what: "the reports",
      timeoutMs: 5000,
      intervalMs: 10,
      probe: () =>
        Promise.resolve(
          reports.at(-1)?.held[0]?.holder.who === "bob" ? { value: 1 } : { seen: "not yet" },
        ),
    });
    await bobs.release();
    await carol;
    // Between a release and the next grant the copy is free for a moment, which one of the waiters
    // may observe.
    const settled = reports.filter(({ held }) => held.length > 0);
    expect(
      settled.map(({ position, waiting, held }) => [position, waiting, held[0]?.holder.who]),
    ).toEqual([
      [2, 2, "alice"],
      [1, 1, "bob"],
    ]);
  });

  test("a waiter keeps its position while Redis restarts", async () => {
    const servers = await redis({ persistence: "always" });
    const leases = await store(servers);
    const held = await leases.acquire(PCS, {
      holder: person("alice"),
      ttlMs: 5000,
      waitForMs: 1000,
    });
    const waiting = leases.acquire(PCS, { holder: person("bob"), waitForMs: 20_000 });
    await waitForQueue(leases, ["bob"]);
    await servers.restart();
    await waitForQueue(leases, ["bob"]);
    held.assertHeld();
    await held.release();
    expect((await waiting).holder.who).toBe("bob");
  });

  test("a waiter gives up on a Redis that does not answer, and the error says so", async () => {
    const servers = await redis();
    const leases = await store(servers, { ...QUICK, outageMs: 500 });
    await leases.acquire(PCS, { holder: person("alice"), ttlMs: 1000, waitForMs: 1000 });
    const waiting = leases.acquire(PCS, { holder: person("bob"), waitForMs: 600_000 });
    waiting.catch(() => {});
    await waitForQueue(leases, ["bob"]);
    await servers.kill();
    await expect(waiting).rejects.toMatchObject({
      code: "REDIS_UNREACHABLE",
      message: expect.stringContaining(servers.all[0]?.socketPath ?? ""),
    });
  });

  test("at a deadline during an outage the error reports the outage", async () => {
    const servers = await redis();
    const leases = await store(servers);
    await leases.acquire(PCS, { holder: person("alice"), ttlMs: 1000, waitForMs: 1000 });
    const waiting = leases.acquire(PCS, { holder: person("bob"), waitForMs: 1000 });
    waiting.catch(() => {});
    await waitForQueue(leases, ["bob"]);
    await servers.kill();
    await expect(waiting).rejects.toMatchObject({ code: "REDIS_UNREACHABLE" });
  });
});

test("a grant whose answer is lost in a black hole is undone", async () => {
  const server = stack.use(await RedisServer.start());
  const hole = stack.use(await BadNetwork.before(server.socketPath));
  const behind = stack.use(await openLeaseStore({ redis: { url: hole.url }, timing: QUICK }));
  const leases = stack.use(
    await openLeaseStore({ redis: { socketPath: server.socketPath }, timing: QUICK }),
  );
  const held = await leases.acquire(PCS, {
    holder: person("alice"),
    ttlMs: 600_000,
    waitForMs: 1000,
  });
  const waiting = behind.acquire(PCS, { holder: person("bob"), ttlMs: 600_000, waitForMs: 20_000 });
  await waitForQueue(leases, ["bob"]);
  hole.loseRepliesTo(createHash("sha1").update(ACQUIRE).digest("hex"));
  await held.release();
  await waitFor({
    what: "the grant whose answer is lost",
    timeoutMs: 5000,
    intervalMs: 5,
    probe: async () =>
      (await leases.view(PCS)).copies[0]?.held?.holder.who === "bob"
        ? { value: 1 }
        : { seen: "not yet" },
  });
  const ghost = (await leases.view(PCS)).copies[0]?.fence;
  hole.loseRepliesTo(undefined);
  const lease = await waiting;
  lease.assertHeld();
  expect(lease.fence).toBeGreaterThan(ghost ?? Number.NaN);
});
