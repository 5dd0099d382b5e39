import { describe, expect, test } from "vitest";
import { systemClock, type Clock } from "../clock/clock.ts";
import { manualClock } from "../clock/manual-clock.test.kit.ts";
import { waitFor } from "../wait/wait-for.ts";
import { Child } from "./fixtures/child.ts";
import { queueOf, waitForQueue } from "./fixtures/queue.ts";
import { PCS, pcs } from "./fixtures/rigs.ts";
import type { LeaseRequest } from "./lease-request.ts";
import type { AcquireOptions } from "./lease-store.ts";
import type { Lease } from "./lease.ts";
import {
  acquire,
  disposeAfterTest,
  LOCK,
  NO_POLLING,
  openStore,
  SHORT_TIMEOUTS,
  startServers,
  until,
} from "./lease.test.kit.ts";
import type { LeaseStoreOptions } from "./open-lease-store.ts";

describe.each([1, 3])("with %d Redis servers", (count) => {
  async function open(
    timing: LeaseStoreOptions["timing"] = NO_POLLING,
    clock: Clock = systemClock,
  ) {
    const servers = await startServers(count);
    const leases = await openStore(servers, { timing, clock });
    const ask = (who: string, request: LeaseRequest, options: Partial<AcquireOptions> = {}) =>
      acquire(leases, { who, request, waitForMs: 30_000, ...options });
    /** Resolves when the waiter is in the queue. */
    const wait = async (
      who: string,
      request: LeaseRequest,
      options: Partial<AcquireOptions> = {},
    ): Promise<{ readonly lease: Promise<Lease> }> => {
      const lease = ask(who, request, options);
      lease.catch(() => {});
      await until(`${who} in the queue`, async () => (await queueOf(leases)).includes(who));
      return { lease };
    };
    return { servers, leases, ask, wait };
  }

  test("two runs hold two copies, and a third run gets the first copy that becomes free", async () => {
    const { ask, wait } = await open();
    const [alice, bob] = [await ask("alice", pcs(2)), await ask("bob", pcs(2))];
    expect([alice.copy, bob.copy]).toEqual(["pcs-1", "pcs-2"]);
    const carol = await wait("carol", pcs(2));
    const dave = await wait("dave", pcs(2));
    await bob.release();
    expect((await carol.lease).copy).toBe("pcs-2");
    await alice.release();
    expect((await dave.lease).copy).toBe("pcs-1");
  });

  test("copies that are released together go to as many waiters, in queue order", async () => {
    const { ask, wait } = await open();
    const held = await Promise.all(["a", "b", "c"].map((who) => ask(who, pcs(3))));
    const waiting = [
      await wait("alice", pcs(3)),
      await wait("bob", pcs(3)),
      await wait("carol", pcs(3)),
    ];
    await Promise.all(held.map((lease) => lease.release()));
    const copies = (await Promise.all(waiting.map(({ lease }) => lease))).map(({ copy }) => copy);
    expect(copies.toSorted()).toEqual(["pcs-1", "pcs-2", "pcs-3"]);
  });

  test("the preferred free copy is granted, and never a copy that is not accepted", async () => {
    const { ask } = await open();
    expect((await ask("alice", { rig: "pcs", copies: ["pcs-2", "pcs-1", "pcs-3"] })).copy).toBe(
      "pcs-2",
    );
    expect((await ask("bob", { ...pcs(3), accept: ["pcs-2", "pcs-3"] })).copy).toBe("pcs-3");
  });

  test("a waiter for a busy copy does not block waiters behind it that accept a free copy", async () => {
    const { ask, wait, leases } = await open();
    const first = await ask("alice", pcs(2));
    const particular = await wait("bob", { ...pcs(2), accept: ["pcs-1"] });
    expect((await ask("carol", pcs(2), { waitForMs: 0 })).copy).toBe("pcs-2");
    expect(await queueOf(leases)).toEqual(["bob"]);
    await first.release();
    expect((await particular.lease).copy).toBe("pcs-1");
  });

  test("a waiter that accepts two busy copies gets either, past a waiter ahead that accepts only one", async () => {
    const { ask, wait } = await open();
    await ask("alice", pcs(2));
    const second = await ask("bob", pcs(2));
    await wait("carol", { ...pcs(2), accept: ["pcs-1"] });
    const dave = await wait("dave", pcs(2));
    await second.release();
    expect((await dave.lease).copy).toBe("pcs-2");
  });

  test("a run that already has a copy comes after all runs without a copy", async () => {
    const { ask, wait, leases } = await open();
    const held = await ask("alice", PCS);
    const extra = await wait("greedy", { ...PCS, extra: true });
    const later = await wait("greedier", { ...PCS, extra: true });
    const bob = await wait("bob", PCS);
    const carol = await wait("carol", PCS);
    expect((await leases.view(PCS)).queue).toMatchObject([
      { holder: { who: "bob" }, extra: false, accepts: ["pcs-1"] },
      { holder: { who: "carol" }, extra: false },
      { holder: { who: "greedy" }, extra: true },
      { holder: { who: "greedier" }, extra: true },
    ]);
    for (const { waitedMs } of (await leases.view(PCS)).queue)
      expect(waitedMs).toBeLessThan(60_000);
    let last = held;
    for (const one of [bob, carol, extra, later]) {
      await last.release();
      last = await one.lease;
    }
    expect(last.holder.who).toBe("greedier");
  });

  test("an extra copy is granted while no other run waits", async () => {
    const { ask } = await open();
    await ask("alice", pcs(2));
    expect((await ask("alice", { ...pcs(2), extra: true })).copy).toBe("pcs-2");
  });

  test("a waiter that gives up leaves a free copy to the next waiter", async () => {
    const { ask, wait, servers } = await open();
    const held = await ask("alice", PCS);
    const cancel = new AbortController();
    const killed = await wait("bob", PCS, { signal: cancel.signal });
    const carol = await wait("carol", PCS);
    // Frees the copy without a wake-up.
    await servers.del(LOCK, "vmrig:{pcs}:pcs-1:holder");
    cancel.abort();
    await expect(killed.lease).rejects.toMatchObject({ code: "CANCELLED" });
    expect((await carol.lease).fence).toBeGreaterThan(held.fence);
  });

  test("a copy that is no longer renewed is granted when its TTL ends, although another is held longer", async () => {
    const { ask, servers } = await open();
    await ask("alice", pcs(2));
    await servers.set("vmrig:{pcs}:pcs-2:lock", "of a killed holder", { forMs: 1000 });
    expect((await ask("bob", pcs(2))).copy).toBe("pcs-2");
  });

  test("a killed waiter does not block waiters behind it, whichever copy it could have taken", async () => {
    const { ask, wait, servers } = await open(SHORT_TIMEOUTS);
    const held = [await ask("alice", pcs(2)), await ask("bob", pcs(2))];
    const killed = disposeAfterTest(
      new Child("lease-process.ts", [servers.socketPaths, "wait", "killed"]),
    ); // wants pcs-1
    await killed.says("waiting");
    const carol = await wait("carol", { ...pcs(2), accept: ["pcs-1"] });
    const dave = await wait("dave", pcs(2));
    killed.signal("SIGKILL");
    await killed.ended();
    await Promise.all(held.map((lease) => lease.release()));
    expect((await carol.lease).copy).toBe("pcs-1");
    expect((await dave.lease).copy).toBe("pcs-2");
  });

  test("a stopped waiter is passed, and regains its position when it continues", async () => {
    const { ask, wait, servers, leases } = await open(SHORT_TIMEOUTS);
    const held = await ask("alice", PCS);
    const stopped = disposeAfterTest(
      new Child("lease-process.ts", [servers.socketPaths, "wait", "stopped"]),
    );
    await stopped.says("waiting");
    const bob = await wait("bob", PCS);
    const carol = await wait("carol", PCS);
    stopped.signal("SIGSTOP");
    await held.release();
    const bobs = await bob.lease;
    stopped.signal("SIGCONT");
    await waitForQueue(leases, ["stopped", "carol"]);
    await bobs.release();
    expect(Number((await stopped.says("fence"))["fence"])).toBeGreaterThan(bobs.fence);
    stopped.signal("SIGKILL");
    expect((await carol.lease).copy).toBe("pcs-1");
  });

  test("an attempt without success reports the holder of each copy", async () => {
    const { ask } = await open();
    await ask("alice", pcs(2));
    await ask("bob", pcs(2));
    await expect(ask("carol", pcs(2), { waitForMs: 0 })).rejects.toMatchObject({
      code: "RIG_BUSY",
      summary: expect.stringMatching(/^Gave up waiting for "pcs" after 0\.\d s\.$/),
      details: [
        expect.stringMatching(
          /^pcs-1 held by alice@laptop \(vitest run x\) for \d\.\d s, expires in 10 min if not renewed$/,
        ),
        expect.stringMatching(/^pcs-2 held by bob@laptop /),
        "you were 1st of 1 in the queue",
      ],
    });
  });

  test("a waiter gets a report every 30 s when nothing changes", async () => {
    const clock = manualClock();
    const { servers, leases } = await open(NO_POLLING, clock);
    await servers.set(LOCK, "by hand");
    const waitedMs: number[] = [];
    const waiting = acquire(leases, {
      who: "bob",
      waitForMs: 600_000,
      onWait: (status) => waitedMs.push(status.waitedMs),
    });
    waiting.catch(() => {});
    for (const reports of [1, 2, 3]) {
      await until("the wait", () => clock.sleeping()[0] === 30_000);
      expect(waitedMs).toHaveLength(reports);
      clock.advance(29_999);
      expect(waitedMs).toHaveLength(reports);
      clock.advance(1);
    }
    await until("the fourth report", () => waitedMs.length === 4);
    expect(waitedMs).toEqual([0, 30_000, 60_000, 90_000]);
  });

  test("two hundred waiters for one copy are served in order of arrival", async () => {
    const { ask, leases } = await open();
    const first = await ask("first", PCS);
    const names = Array.from({ length: 200 }, (_, i) => `w${i}`);
    const served: string[] = [];
    const waits = names.map(async (who) => {
      const lease = await ask(who, PCS, { waitForMs: 50_000 });
      served.push(who);
      await lease.release();
    });
    const arrived = await waitFor({
      what: "all 200 waiters",
      timeoutMs: 20_000,
      probe: async () => {
        const line = await queueOf(leases);
        return line.length === names.length ? { value: line } : { seen: `${line.length}` };
      },
    });
    await first.release();
    await Promise.all(waits);
    expect(served).toEqual(arrived);
  });
});
