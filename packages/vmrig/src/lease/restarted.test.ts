import { expect, test } from "vitest";
import type { RedisAddress } from "../redis/address.ts";
import { BadNetwork } from "../redis/fixtures/bad-network.ts";
import { RedisServer, type Persistence } from "../redis/fixtures/redis-server.ts";
import { waitForQueue } from "./fixtures/queue.ts";
import { person } from "./fixtures/holders.ts";
import { PCS } from "./fixtures/rigs.ts";
import { acquire, disposeAfterTest, openStore, SHORT_TIMEOUTS } from "./lease.test.kit.ts";
import { renderQueueStatus } from "./queue-status.ts";

const redis = async (persistence: Persistence): Promise<RedisServer> =>
  disposeAfterTest(await RedisServer.start({ persistence }));
const open = (address: RedisAddress) => openStore(address, { timing: SHORT_TIMEOUTS });

test("a Redis that restarted without its data grants nothing until the forgotten holder gave up", async () => {
  const server = await redis("none");
  const network = disposeAfterTest(await BadNetwork.before(server.socketPath));
  const [near, far] = [
    await open({ socketPath: server.socketPath }),
    await open({ url: network.url }),
  ];
  const alice = await acquire(far, { who: "alice", ttlMs: 3000 });
  network.blackHole(); // so that she believes in her lease for as long as she may
  await server.kill();
  await server.start();
  expect(alice.state).toBe("held");
  const reports: string[] = [];
  await acquire(near, {
    who: "bob",
    ttlMs: 3000,
    onWait: (line) => reports.push(renderQueueStatus(line)),
  });
  expect(alice.remainingMs()).toBe(0);
  expect(reports.at(-1)).toMatch(
    /^Redis restarted \d\.\d s ago without persistence, so vmrig grants no lease for another \d\.\d s; you are next$/,
  );
});

test("an attempt within the TTL after a restart is refused, and the error says why", async () => {
  const server = await redis("none");
  const store = await open({ socketPath: server.socketPath });
  await expect(acquire(store, { who: "alice", waitForMs: 0 })).rejects.toMatchObject({
    code: "RIG_BUSY",
    details: [
      expect.stringContaining("restarted"),
      "free for the next run in the queue",
      "you were 1st of 1 in the queue",
    ],
  });
  expect(await store.tryAcquire(PCS, { holder: person("alice"), ttlMs: 600_000 })).toBeUndefined();
});

test("a Redis with an append-only file grants immediately", async () => {
  const server = await redis("everysec");
  const store = await open({ socketPath: server.socketPath });
  expect((await acquire(store, { who: "alice", waitForMs: 0 })).state).toBe("held");
});

test("a Redis that does not report its uptime grants immediately", async () => {
  const server = await redis("none");
  const network = disposeAfterTest(await BadNetwork.before(server.socketPath));
  const store = await open({ url: network.url });
  await server.operator.call("ACL", "SETUSER", "default", "-info");
  expect((await acquire(store, { who: "alice", waitForMs: 0 })).state).toBe("held");
});

test("waiters within the TTL after a restart are served in order of arrival", async () => {
  const server = await redis("none");
  const store = await open({ socketPath: server.socketPath });
  const alice = acquire(store, { who: "alice", ttlMs: 1000 });
  await waitForQueue(store, ["alice"]);
  const bob = acquire(store, { who: "bob", ttlMs: 1000 });
  const first = await Promise.race([alice, bob]);
  expect(first.holder.who).toBe("alice");
  await first.release();
  expect((await bob).fence).toBeGreaterThan(first.fence);
});
