import { afterEach, expect, test, vi } from "vitest";
import { waitFor } from "../wait/wait-for.ts";
import { BadNetwork } from "../redis/fixtures/bad-network.ts";
import { person } from "./fixtures/holders.ts";
import { RedisServer, type Persistence } from "../redis/fixtures/redis-server.ts";
import { PCS } from "./fixtures/rigs.ts";
import { openLeaseStore } from "./open-lease-store.ts";
import type { RedisAddress } from "../redis/address.ts";
import { renderQueueStatus } from "./queue-status.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let stack = new AsyncDisposableStack();
afterEach(async () => {
  const used = stack;
  stack = new AsyncDisposableStack();
  await used.disposeAsync();
});

async function redis(persistence: Persistence): Promise<RedisServer> {
  return stack.use(await RedisServer.start({ persistence }));
}

async function open(address: RedisAddress) {
  return stack.use(
    await openLeaseStore({
      redis: address,
      timing: { commandTimeoutMs: 300, heartbeatMs: 200, aliveMs: 1000 },
    }),
  );
}

test("a Redis that restarted without its data grants nothing until the forgotten holder gave up", async () => {
  const server = await redis("none");
  const network = stack.use(await BadNetwork.before(server.socketPath));
  const [near, far] = [
    await open({ socketPath: server.socketPath }),
    await open({ url: network.url }),
  ];
  const alice = await far.acquire(PCS, { holder: person("alice"), ttlMs: 3000, waitForMs: 30_000 });
  network.blackHole(); // so that she believes in her lease for as long as she may
  await server.kill();
  await server.start();
  expect(alice.state).toBe("held");
  const reports: string[] = [];
  await near.acquire(PCS, {
    holder: person("bob"),
    ttlMs: 3000,
    waitForMs: 30_000,
    onWait: (line) => reports.push(renderQueueStatus(line)),
  });
  expect(alice.remainingMs()).toBe(0);
  expect(reports.at(-1)).toMatch(
    /^Redis restarted \d\.\d s ago without persistence, leases from before may still live, \d\.\d s more; you are next$/,
  );
});

test("an attempt within the TTL after a restart is refused, and the error says why", async () => {
  const server = await redis("none");
  const store = await open({ socketPath: server.socketPath });
  await expect(
    store.acquire(PCS, { holder: person("alice"), ttlMs: 600_000, waitForMs: 0 }),
  ).rejects.toMatchObject({
    code: "RIG_BUSY",
    details: [
      expect.stringContaining("restarted"),
      "free for the next in line",
      "0 ahead of you, 1 waiting",
    ],
  });
  expect(await store.tryAcquire(PCS, { holder: person("alice"), ttlMs: 600_000 })).toBeUndefined();
});

test("a Redis with an append-only file grants immediately", async () => {
  const server = await redis("everysec");
  const store = await open({ socketPath: server.socketPath });
  expect(
    (await store.acquire(PCS, { holder: person("alice"), ttlMs: 600_000, waitForMs: 0 })).state,
  ).toBe("held");
});

test("a Redis that does not report its uptime grants immediately", async () => {
  const server = await redis("none");
  const network = stack.use(await BadNetwork.before(server.socketPath));
  const store = await open({ url: network.url });
  await server.operator.call("ACL", "SETUSER", "default", "-info");
  expect(
    (await store.acquire(PCS, { holder: person("alice"), ttlMs: 600_000, waitForMs: 0 })).state,
  ).toBe("held");
});

test("waiters within the TTL after a restart are served in order of arrival", async () => {
  const server = await redis("none");
  const store = await open({ socketPath: server.socketPath });
  const alice = store.acquire(PCS, { holder: person("alice"), ttlMs: 1000, waitForMs: 30_000 });
  await waitFor({
    what: "alice in the queue",
    timeoutMs: 5000,
    intervalMs: 5,
    probe: async () =>
      (await store.view(PCS)).queue.length > 0 ? { value: 1 } : { seen: "no waiter" },
  });
  const bob = store.acquire(PCS, { holder: person("bob"), ttlMs: 1000, waitForMs: 30_000 });
  const first = await Promise.race([alice, bob]);
  expect(first.holder.who).toBe("alice");
  await first.release();
  expect((await bob).fence).toBeGreaterThan(first.fence);
});
