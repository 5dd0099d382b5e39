import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { openLeaseStore } from "../../../../lease/open-lease-store.ts";
import { person } from "../../../../lease/fixtures/holders.ts";
import { RedisServers } from "../../../../redis/fixtures/redis-servers.ts";
import type { CopyName } from "../../../../lease/keys.ts";
import { newCopy, write } from "../../contract/harness.test.kit.ts";
import { testStateStore } from "../../contract.test.kit.ts";
import type { StateStore } from "../../state-store.ts";
import { redisStore, type RedisStoreOptions } from "./redis-store.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

/** Each connection may set the id of the server, so SET is allowed. */
const READER = "on >secret ~* &* +@all -hset";

async function open(
  redis: RedisStoreOptions["redis"],
  options: Omit<RedisStoreOptions, "redis"> = {},
): Promise<StateStore> {
  const store = await redisStore({ redis, commandTimeoutMs: 5000, ...options });
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

describe.each([1, 3])("with %i server(s)", (count) => {
  let servers: RedisServers;
  beforeAll(async () => {
    servers = await RedisServers.start(count, { persistence: "always" });
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  testStateStore({
    open: () => redisStore({ redis: servers.address, commandTimeoutMs: 5000 }),
    async openThroughNetworks() {
      const store = await open(servers.throughNetworks);
      return { store, networks: servers.networks };
    },
    async makeUnwritable() {
      for (const { operator } of servers.all)
        await operator.call("ACL", "SETUSER", "reader", ...READER.split(" "));
      const asReader = servers.throughNetworks.map((address) => ({
        url: ("url" in address ? address.url : "").replace("//", "//reader:secret@"),
      }));
      return await open(asReader);
    },
    restart: () => servers.restart(),
  });

  test("a write is refused as soon as a later lease is granted, without a claim", async () => {
    const copy = newCopy();
    const leases = await openLeaseStore({ redis: servers.address });
    onTestFinished(() => leases.close());
    const request = { rig: copy.rig, copies: [copy.copy] };
    const take = () => leases.acquire(request, { holder: person("alice"), waitForMs: 20_000 });
    const store = await open(servers.address);
    const first = await take();
    await store.claim(copy, first.fence);
    await store.write(copy, write(0, first.fence));
    await first.release();
    const second = await take();
    expect(await store.write(copy, write(1, first.fence))).toEqual({
      outcome: "fenced",
      fence: second.fence,
    });
    expect(await store.write(copy, write(1, second.fence))).toMatchObject({ outcome: "written" });
  });
});

describe("a minority of three servers", () => {
  const setUp = async (): Promise<{ servers: RedisServers; store: StateStore; copy: CopyName }> => {
    const servers = await RedisServers.start(3, { persistence: "always" });
    onTestFinished(() => servers[Symbol.asyncDispose]());
    const store = await open(servers.throughNetworks, { commandTimeoutMs: 1000 });
    return { servers, store, copy: newCopy() };
  };

  test("each server in turn may be down, and no version is lost", async () => {
    const { servers, store, copy } = await setUp();
    for (let base = 0; base < 6; base += 1) {
      const server = servers.all[base % 3];
      await server?.kill();
      expect(await store.write(copy, write(base, 10))).toMatchObject({ outcome: "written" });
      await server?.start();
    }
    const history = await store.history(copy);
    expect(history.map(({ version }) => version)).toEqual([6, 5, 4, 3, 2, 1]);
  });

  test("without a majority a write fails, and the next claim decides whether it counts", async () => {
    const { servers, store, copy } = await setUp();
    await store.claim(copy, 10);
    await store.write(copy, write(0, 10));
    const [, second, third] = servers.networks;
    const deliver = [second, third].map((network) => network?.holdBack("on one server"));
    const alone = write(1, 10, { text: "on one server" });
    await expect(store.write(copy, alone)).rejects.toMatchObject({ code: "REDIS_UNREACHABLE" });
    // The delayed messages are lost with their connections.
    for (const server of servers.all.slice(1)) {
      await server.kill();
      await server.start();
    }
    for (const send of deliver) send?.();

    await servers.all[0]?.kill();
    const next = await open(servers.throughNetworks, { commandTimeoutMs: 1000 });
    expect(await next.claim(copy, 11)).toMatchObject({ current: { version: 1 } });
    await servers.all[0]?.start();
    expect(await next.write(copy, write(1, 11, { text: "the newer" }))).toMatchObject({
      outcome: "written",
    });
    expect(await next.readVersion(copy, 2)).toMatchObject({ text: "the newer" });
    expect((await next.history(copy)).map(({ fence }) => fence)).toEqual([11, 10]);
  });

  test("a write that reached one server before a takeover is part of the claim when it is seen", async () => {
    const { servers, store, copy } = await setUp();
    await store.claim(copy, 10);
    const [, second, third] = servers.networks;
    for (const network of [second, third]) network?.holdBack("on one server");
    const alone = write(0, 10, { text: "on one server" });
    await expect(store.write(copy, alone)).rejects.toMatchObject({ code: "REDIS_UNREACHABLE" });
    await servers.all[2]?.kill();
    const next = await open(servers.address, { commandTimeoutMs: 1000 });
    expect(await next.claim(copy, 11)).toMatchObject({ current: { text: "on one server" } });
    await servers.all[0]?.kill();
    await servers.all[2]?.start();
    expect(await next.claim(copy, 12)).toMatchObject({ current: { text: "on one server" } });
  });
});
