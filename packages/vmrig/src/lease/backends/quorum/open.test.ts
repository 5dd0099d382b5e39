import { expect, test } from "vitest";
import { openStore, SHORT_TIMEOUTS, startServers } from "../../lease.test.kit.ts";
import { openLeaseStore, type LeaseStoreOptions } from "../../open-lease-store.ts";

const open = (redis: LeaseStoreOptions["redis"], options: Omit<LeaseStoreOptions, "redis"> = {}) =>
  openStore(redis, { timing: SHORT_TIMEOUTS, ...options });

test.each([0, 2, 4, 6])("%d servers are refused", async (count) => {
  const redis = Array.from({ length: count }, (_, i) => ({ url: `redis://r${i}` }));
  await expect(openLeaseStore({ redis })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    summary: expect.stringContaining(`${count} Redis servers: use 1, 3 or 5`),
  });
});

test("one server under two addresses is refused", async () => {
  const servers = await startServers(3);
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
  const servers = await startServers(3);
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
