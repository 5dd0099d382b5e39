import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BadNetwork } from "../redis/fixtures/bad-network.ts";
import { RedisServer } from "../redis/fixtures/redis-server.ts";
import { ACQUIRE } from "./backends/scripts.ts";
import { Child } from "./fixtures/child.ts";
import { waitForQueue } from "./fixtures/queue.ts";
import { PCS } from "./fixtures/rigs.ts";
import type { LeaseStore } from "./lease-store.ts";
import {
  acquire,
  disposeAfterTest,
  LONG_TIMEOUTS,
  NO_POLLING,
  openStore,
  SHORT_TIMEOUTS,
  startServers,
  until,
} from "./lease.test.kit.ts";
import type { QueueStatus } from "./queue-status.ts";

describe.each([1, 3])("with %d Redis servers", (count) => {
  test("waiters are served in order of arrival, each woken by a publish", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: NO_POLLING });
    const first = await acquire(leases, { who: "first" });
    const served: string[] = [];
    const names = ["alice", "bob", "carol", "dave"];
    const wait = async (place: LeaseStore, who: string) => {
      const lease = await acquire(place, { who });
      served.push(who);
      await lease.release();
    };
    const waits: Promise<void>[] = [];
    for (const [i, who] of names.entries()) {
      const place = i % 2 === 0 ? leases : await openStore(servers, { timing: NO_POLLING });
      waits.push(wait(place, who));
      await waitForQueue(leases, names.slice(0, i + 1));
    }
    await first.release();
    await Promise.all(waits);
    expect(served).toEqual(names);
  });

  test("a release before the subscription of a waiter is active is not missed", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: NO_POLLING });
    const other = await openStore(servers, { timing: NO_POLLING });
    for (let i = 1; i <= 20; i++) {
      // A new rig has a new channel. The subscriber connection is open from the first round on.
      const request = { rig: `rig-${i}`, copies: ["pc"] };
      const held = await acquire(leases, { who: "alice", request });
      const onWait = () => void held.release();
      const bob = await acquire(other, { who: "bob", request, waitForMs: 60_000, onWait });
      expect(bob.holder.who).toBe("bob");
    }
  });

  test("the lease of a killed holder goes to the next waiter as soon as the TTL ends", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: NO_POLLING });
    const holder = disposeAfterTest(
      new Child("lease-process.ts", [servers.socketPaths, "hold", "alice"]),
    );
    const { fence } = await holder.says("fence");
    const waiting = acquire(leases, { who: "bob" });
    await waitForQueue(leases, ["bob"]);
    holder.signal("SIGKILL");
    expect((await waiting).fence).toBeGreaterThan(fence as number);
  });

  test("a killed waiter does not block the waiters behind it", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: LONG_TIMEOUTS });
    const held = await acquire(leases, { who: "alice" });
    const killed = disposeAfterTest(
      new Child("lease-process.ts", [servers.socketPaths, "wait", "killed"]),
    );
    await killed.says("waiting");
    const waiting = acquire(leases, { who: "bob" });
    await waitForQueue(leases, ["killed", "bob"]);
    killed.signal("SIGKILL");
    await killed.ended();
    await held.release();
    expect((await waiting).holder.who).toBe("bob");
  });

  test("when a waiter gives up, the next one is woken if the lock is free", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: NO_POLLING });
    const cancel = new AbortController();
    const held = await acquire(leases, { who: "alice" });
    const first = acquire(leases, { who: "bob", waitForMs: 600_000, signal: cancel.signal });
    await waitForQueue(leases, ["bob"]);
    const second = acquire(leases, { who: "carol", waitForMs: 600_000 });
    await waitForQueue(leases, ["bob", "carol"]);
    cancel.abort();
    await expect(first).rejects.toMatchObject({ code: "CANCELLED" });
    await held.release();
    expect((await second).holder.who).toBe("carol");
  });

  test("a waiter gets a report for each change of the queue, and for nothing else", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: { heartbeatMs: 50, aliveMs: 5000 } });
    const alice = await acquire(leases, { who: "alice" });
    const bob = acquire(leases, { who: "bob" });
    await waitForQueue(leases, ["bob"]);
    const reports: QueueStatus[] = [];
    const carol = acquire(leases, { who: "carol", onWait: (status) => reports.push(status) });
    await waitForQueue(leases, ["bob", "carol"]);
    await until(
      "two heartbeats of carol",
      async () => ((await leases.view(PCS)).queue[1]?.waitedMs ?? 0) > 200,
    );
    await alice.release();
    const bobs = await bob;
    await until("the reports", () => reports.at(-1)?.held[0]?.holder.who === "bob");
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
    const servers = await startServers(count, { persistence: "always" });
    const leases = await openStore(servers, { timing: LONG_TIMEOUTS });
    const held = await acquire(leases, { who: "alice", ttlMs: 5000 });
    const waiting = acquire(leases, { who: "bob" });
    await waitForQueue(leases, ["bob"]);
    await servers.restart();
    await waitForQueue(leases, ["bob"]);
    held.assertHeld();
    await held.release();
    expect((await waiting).holder.who).toBe("bob");
  });
});

test("a grant whose answer is lost in a black hole is undone", async () => {
  const server = disposeAfterTest(await RedisServer.start());
  const hole = disposeAfterTest(await BadNetwork.before(server.socketPath));
  const behind = await openStore({ url: hole.url }, { timing: SHORT_TIMEOUTS });
  const leases = await openStore({ socketPath: server.socketPath }, { timing: SHORT_TIMEOUTS });
  const held = await acquire(leases, { who: "alice" });
  const waiting = acquire(behind, { who: "bob" });
  await waitForQueue(leases, ["bob"]);
  hole.loseRepliesTo(createHash("sha1").update(ACQUIRE).digest("hex"));
  await held.release();
  await until(
    "the grant whose answer is lost",
    async () => (await leases.view(PCS)).copies[0]?.held?.holder.who === "bob",
  );
  const ghost = (await leases.view(PCS)).copies[0]?.fence;
  hole.loseRepliesTo(undefined);
  const lease = await waiting;
  lease.assertHeld();
  expect(lease.fence).toBeGreaterThan(ghost ?? Number.NaN);
});
