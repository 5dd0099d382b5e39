import { describe, expect, test } from "vitest";
import { queueOf, waitForQueue } from "./fixtures/queue.ts";
import {
  acquire,
  LONG_TIMEOUTS,
  NO_POLLING,
  openStore,
  SHORT_TIMEOUTS,
  startServers,
} from "./lease.test.kit.ts";

describe.each([1, 3])("with %d Redis servers", (count) => {
  const ids = ["vmrig:id", ...(count === 1 ? [] : ["vmrig:set-id"])];

  test("a waiter that gives up leaves the queue immediately and without a trace", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: NO_POLLING });
    const held = await acquire(leases, { who: "alice" });
    const cancel = new AbortController();
    const waiting = acquire(leases, { who: "bob", waitForMs: 600_000, signal: cancel.signal });
    await waitForQueue(leases, ["bob"]);
    cancel.abort(new Error("changed my mind"));
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED", cause: cancel.signal.reason });
    const ofTheLease = ["fence", "holder", "lock"].map((name) => `vmrig:{pcs}:pcs-1:${name}`);
    for (const keys of await servers.keys()) expect(keys).toEqual([...ids, ...ofTheLease]);
    held.assertHeld();
  });

  test("an acquire with an aborted signal takes nothing", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: LONG_TIMEOUTS });
    await expect(
      acquire(leases, { who: "alice", signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: "CANCELLED" });
    for (const keys of await servers.keys()) expect(keys).toEqual(ids);
  });

  test("at the deadline the error shows the holder, since when, and how many waiters are ahead", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: LONG_TIMEOUTS });
    await acquire(leases, { who: "alice", ttlMs: 30_000 });
    const ahead = acquire(leases, { who: "bob", waitForMs: 600_000 });
    ahead.catch(() => {});
    await waitForQueue(leases, ["bob"]);
    await expect(acquire(leases, { who: "carol", waitForMs: 500 })).rejects.toMatchObject({
      code: "RIG_BUSY",
      fault: "infra",
      summary: expect.stringMatching(/^Gave up waiting for "pcs-1" after \d+\.\d s\.$/),
      details: [
        expect.stringMatching(
          /^held by alice@laptop \(vitest run x\) for \d+\.\d s, expires in \d+ s if not renewed$/,
        ),
        "you were 2nd of 2 in the queue",
      ],
      hint: expect.stringContaining("lease.waitFor"),
    });
    expect(await queueOf(leases)).toEqual(["bob"]);
  });

  test("a wait of 0 ms tries once", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: LONG_TIMEOUTS });
    const held = await acquire(leases, { who: "alice", waitForMs: 0 });
    await expect(acquire(leases, { who: "bob", waitForMs: 0 })).rejects.toMatchObject({
      code: "RIG_BUSY",
    });
    await held.release();
  });

  test("a waiter gives up on a Redis that does not answer, and the error says so", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: { ...SHORT_TIMEOUTS, outageMs: 500 } });
    await acquire(leases, { who: "alice", ttlMs: 1000 });
    const waiting = acquire(leases, { who: "bob", waitForMs: 600_000 });
    waiting.catch(() => {});
    await waitForQueue(leases, ["bob"]);
    await servers.kill();
    await expect(waiting).rejects.toMatchObject({
      code: "REDIS_UNREACHABLE",
      message: expect.stringContaining(servers.all[0]?.socketPath ?? ""),
    });
  });

  test("at a deadline during an outage the error reports the outage", async () => {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing: LONG_TIMEOUTS });
    await acquire(leases, { who: "alice", ttlMs: 1000 });
    const waiting = acquire(leases, { who: "bob", waitForMs: 1000 });
    waiting.catch(() => {});
    await waitForQueue(leases, ["bob"]);
    await servers.kill();
    await expect(waiting).rejects.toMatchObject({ code: "REDIS_UNREACHABLE" });
  });
});
