import { expect, test } from "vitest";
import { RedisServer } from "../redis/fixtures/redis-server.ts";
import { person } from "./fixtures/holders.ts";
import { PCS, PCS_1 } from "./fixtures/rigs.ts";
import {
  acquire,
  disposeAfterTest,
  LONG_TIMEOUTS,
  openStore,
  SHORT_TIMEOUTS,
  startServers,
  until,
} from "./lease.test.kit.ts";

test("a use is noted only under the lease, and outlives it", async () => {
  const server = disposeAfterTest(await RedisServer.start({ persistence: "everysec" }));
  const store = await openStore({ socketPath: server.socketPath }, { timing: LONG_TIMEOUTS });
  expect(await store.lastUse(PCS_1)).toBeUndefined();
  const lease = await acquire(store, { who: "alice" });
  expect(await store.lastUse(PCS_1)).toBeUndefined();
  await store.markUsed(lease);
  await lease.release();
  expect(await store.lastUse(PCS_1)).toBeLessThan(60_000);
  await expect(store.markUsed(lease)).rejects.toMatchObject({ code: "LEASE_LOST" });
});

test("a lease that was ended by force notes no use", async () => {
  const server = disposeAfterTest(await RedisServer.start({ persistence: "everysec" }));
  const store = await openStore({ socketPath: server.socketPath }, { timing: LONG_TIMEOUTS });
  const lease = await acquire(store, { who: "alice" });
  await store.revoke({ ...PCS_1, fence: lease.fence, by: person("bob") });
  await expect(store.markUsed(lease)).rejects.toMatchObject({ code: "LEASE_LOST" });
  expect(await store.lastUse(PCS_1)).toBeUndefined();
});

test("the last use is still known after Redis restarted with its append-only file", async () => {
  const server = disposeAfterTest(await RedisServer.start({ persistence: "always" }));
  const open = () => openStore({ socketPath: server.socketPath }, { timing: SHORT_TIMEOUTS });
  const store = await open();
  await store.markUsed(await acquire(store, { who: "alice" }));
  await server.kill();
  await server.start();
  expect(await (await open()).lastUse(PCS_1)).toBeLessThan(60_000);
});

test("of several servers, the one with the latest use decides, also while another is down", async () => {
  const servers = await startServers(3);
  const store = await openStore(servers, { timing: SHORT_TIMEOUTS });
  const lease = await acquire(store, { who: "alice" });
  await store.markUsed(lease);
  const used = "vmrig:{pcs}:pcs-1:used";
  await until("all servers to have it", async () => {
    const values = await Promise.all(servers.all.map(({ operator }) => operator.exists(used)));
    return values.every((value) => value === 1);
  });
  await servers.all[0]?.operator.set(used, "1000");
  await servers.all[1]?.kill();
  expect(await store.lastUse(PCS_1)).toBeLessThan(60_000);
  expect(await store.lastUse({ ...PCS, copy: "pcs-2" })).toBeUndefined();
});
