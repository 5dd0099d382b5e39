import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { queueOf, waitForQueue } from "../../fixtures/queue.ts";
import type { LeaseStore } from "../../lease-store.ts";
import { acquire, LOCK, SHORT_TIMEOUTS, startServers, until } from "../../lease.test.kit.ts";
import { ACQUIRE } from "./scripts.ts";
import { open } from "./quorum.test.kit.ts";

test("waiters are served in order when the server with the queue dies and when it returns", async () => {
  const servers = await startServers(3);
  const leases = await open(servers.address);
  const alice = await acquire(leases, { who: "alice" });
  const served: string[] = [];
  const wait = async (place: LeaseStore, who: string) => {
    const lease = await acquire(place, { who });
    served.push(who);
    return lease;
  };
  const names = ["bob", "carol", "dave"];
  const waiting: ReturnType<typeof wait>[] = [];
  for (const [i, who] of names.entries()) {
    waiting.push(wait(await open(servers.address), who));
    await waitForQueue(leases, names.slice(0, i + 1));
  }
  await servers.all[0]?.kill();
  await until(
    "the line elsewhere",
    async () => (await servers.all[1]?.operator.zcard("vmrig:{pcs}:queue")) === 3,
  );
  await alice.release();
  await (await waiting[0])?.release();
  await servers.all[0]?.start();
  for (const lease of waiting) await (await lease).release();
  expect(served).toEqual(names);
});

test("a waiter that queued on a different server, because of its network, is served as well", async () => {
  const servers = await startServers(3);
  const leases = await open(servers.address);
  const alice = await acquire(leases, { who: "alice" });
  const elsewhere = await open(servers.throughNetworks, { timing: SHORT_TIMEOUTS });
  servers.networks[0]?.blackHole();
  const both = [acquire(leases, { who: "bob" }), acquire(elsewhere, { who: "carol" })].map(
    async (lease) => (await lease).release(),
  );
  await until(
    "both",
    async () =>
      (await servers.all[1]?.operator.zcard("vmrig:{pcs}:queue")) === 1 &&
      (await queueOf(leases)).length === 2,
  );
  await alice.release();
  await Promise.all(both);
  expect(await queueOf(leases)).toEqual([]);
});

test("a grant whose answers are lost in black holes is undone", async () => {
  const servers = await startServers(3);
  const [leases, behind] = [
    await open(servers.address),
    await open(servers.throughNetworks, { timing: SHORT_TIMEOUTS }),
  ];
  const held = await acquire(leases, { who: "alice" });
  const waiting = acquire(behind, { who: "bob" });
  await waitForQueue(leases, ["bob"]);
  for (const network of servers.networks)
    network.loseRepliesTo(createHash("sha1").update(ACQUIRE).digest("hex"));
  const alices = await servers.all[0]?.operator.get(LOCK);
  await held.release();
  await until("the grant whose answer is lost", async () => {
    const lock = await servers.all[0]?.operator.get(LOCK);
    return typeof lock === "string" && lock !== alices;
  });
  for (const network of servers.networks) network.loseRepliesTo(undefined);
  expect((await waiting).fence).toBeGreaterThan(held.fence);
});
