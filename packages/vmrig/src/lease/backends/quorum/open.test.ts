import { afterEach, expect, test, vi } from "vitest";
import { RedisServers } from "../../../redis/fixtures/redis-servers.ts";
import type { LeaseStore } from "../../lease-store.ts";
import { openLeaseStore, type LeaseStoreOptions } from "../../open-lease-store.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

let stack = new AsyncDisposableStack();
afterEach(async () => {
  const used = stack;
  stack = new AsyncDisposableStack();
  await used.disposeAsync();
});

async function open(
  redis: LeaseStoreOptions["redis"],
  options: Partial<LeaseStoreOptions> = {},
): Promise<LeaseStore> {
  return stack.use(await openLeaseStore({ redis, timing: { commandTimeoutMs: 300 }, ...options }));
}

test.each([0, 2, 4, 6])("%d servers are refused", async (count) => {
  const redis = Array.from({ length: count }, (_, i) => ({ url: `redis://r${i}` }));
  await expect(openLeaseStore({ redis })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    summary: expect.stringContaining(`${count} Redis servers: use 1, 3 or 5`),
  });
});

test("one server under two addresses is refused", async () => {
  const servers = stack.use(await RedisServers.start(3));
  const redis = servers.throughNetworks.with(2, { socketPath: servers.all[0]?.socketPath ?? "" });
  await expect(openLeaseStore({ redis })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    summary: expect.stringContaining("The same Redis answers at"),
  });
  const databases = ["redis://h", "redis://h:6379/1", "redis://other"].map((url) => ({ url }));
  await expect(openLeaseStore({ redis: databases })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    summary: "Redis at redis://h:6379/1 is listed twice.",
  });
});

test("a set of servers has a shared id that outlives a minority and is restored on a server that lost its data", async () => {
  const servers = stack.use(await RedisServers.start(3));
  const [one] = servers.all;
  const { id } = await open(servers.address);
  expect((await open({ socketPath: one?.socketPath ?? "" })).id).not.toBe(id);
  await one?.operator.flushall();
  expect((await open(servers.address)).id).toBe(id);
  await servers.all[1]?.kill();
  expect((await open(servers.address)).id).toBe(id);
  const opened = await Promise.all(
    Array.from({ length: 6 }, () => open(servers.address, { namespace: "new" })),
  );
  expect(new Set(opened.map((store) => store.id)).size).toBe(1);
});
