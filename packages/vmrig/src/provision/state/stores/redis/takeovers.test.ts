import { expect, onTestFinished, test, vi } from "vitest";
import { asVmrigError } from "../../../../errors/vmrig-error.ts";
import { BadNetwork } from "../../../../redis/fixtures/bad-network.ts";
import { RedisServers } from "../../../../redis/fixtures/redis-servers.ts";
import { seededRandom } from "../../../../seeded-random.test.kit.ts";
import { waitFor } from "../../../../wait/wait-for.ts";
import { newCopy, write } from "../../contract/harness.test.kit.ts";
import type { StateStore, StateWrite } from "../../state-store.ts";
import { redisStore } from "./redis-store.ts";
import { stateKeys } from "./scripts.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 120_000 });

const ROUNDS = 40;

/** Sends a write. `unknown`: it failed, and may or may not be stored. */
async function outcomeOf(store: StateStore, copy: ReturnType<typeof newCopy>, one: StateWrite) {
  return await store.write(copy, one).then(
    ({ outcome }) => outcome,
    (error: unknown) => {
      expect(asVmrigError(error).code).toBe("REDIS_UNREACHABLE");
      return "unknown" as const;
    },
  );
}

test("with one of three servers failing at any time, takeovers lose no version and fork no history", async () => {
  const random = seededRandom();
  const servers = await RedisServers.start(3, { persistence: "always" });
  onTestFinished(() => servers[Symbol.asyncDispose]());
  const openStore = async (): Promise<StateStore> => {
    const store = await redisStore({ redis: servers.throughNetworks, commandTimeoutMs: 400 });
    onTestFinished(() => store[Symbol.asyncDispose]());
    return store;
  };
  const stores = [await openStore(), await openStore()] as const;
  const copy = newCopy();
  const stored: string[] = [];
  let old: { readonly store: StateStore; readonly fence: number } | undefined;

  for (let round = 1; round <= ROUNDS; round += 1) {
    const about = `round ${round}`;
    const store = stores[round % 2 === 0 ? 0 : 1];
    const fence = round * 10;
    // 1. One server fails, in one of three ways.
    const victim = random.below(3);
    const [server, network] = [servers.all[victim], servers.networks[victim]];
    const fault = random.below(4);
    if (fault === 0) await server?.kill();
    if (fault === 1) network?.blackHole();
    const deliver = fault === 2 ? network?.holdBack("summary") : undefined;

    // 2. The earlier run still writes while the next one takes over.
    const late = write(stored.length, old?.fence ?? 0, { text: `late ${round}` });
    const [raced, claim] = await Promise.all([
      old === undefined ? "none" : outcomeOf(old.store, copy, late),
      store.claim(copy, fence),
    ]);
    const seen = claim.outcome === "claimed" ? claim.current : undefined;
    // An earlier write that was refused by one server may have reached another one. It counts if the
    // claim found it, and is gone for good if not.
    if (raced === "written" || seen?.write === late.id) stored.push(late.text);
    expect([claim.outcome, seen?.text, seen?.version ?? 0], about).toEqual([
      "claimed",
      stored.at(-1),
      stored.length,
    ]);

    // 3. From now on the earlier run is refused, and this one writes.
    const count = 1 + random.below(3);
    for (let i = 0; i < count; i += 1) {
      const one = write(stored.length, fence, { text: `round ${round}, write ${i}` });
      expect(await outcomeOf(store, copy, one), about).toBe("written");
      stored.push(one.text);
    }
    if (old !== undefined) {
      const stale = write(stored.length, old.fence, { text: "stale" });
      expect(["fenced", "unknown"], about).toContain(await outcomeOf(old.store, copy, stale));
    }
    old = { store, fence };

    // 4. The server works again. What was delayed arrives now.
    if (fault === 0) await server?.start();
    network?.restore();
    deliver?.();
  }

  const history = await stores[0].history(copy);
  const texts = await Promise.all(
    history.map(async ({ version }) => (await stores[1].readVersion(copy, version))?.text),
  );
  expect(texts.toReversed()).toEqual(stored.slice(-texts.length));
});

test("a write that reaches one server after a takeover does not outrank the claimed version", async () => {
  const servers = await RedisServers.start(3, { persistence: "always" });
  onTestFinished(() => servers[Symbol.asyncDispose]());
  const copy = newCopy();
  const openThrough = async (networks: readonly BadNetwork[]): Promise<StateStore> => {
    const store = await redisStore({
      redis: networks.map(({ url }) => ({ url })),
      commandTimeoutMs: 1000,
    });
    onTestFinished(() => store[Symbol.asyncDispose]());
    return store;
  };
  const own: BadNetwork[] = [];
  for (const { socketPath } of servers.all) {
    const network = await BadNetwork.before(socketPath);
    onTestFinished(() => network[Symbol.asyncDispose]());
    own.push(network);
  }
  const old = await openThrough(servers.networks);
  const next = await openThrough(own);
  await old.claim(copy, 10);
  await old.write(copy, write(0, 10, { text: "first" }));

  // 1. The earlier run's write is on its way to all servers.
  const deliver = servers.networks.map((network) => network.holdBack("too late"));
  const late = old.write(copy, write(1, 10, { text: "too late" })).catch(() => {});
  await waitFor({
    what: "the write to be on its way",
    timeoutMs: 10_000,
    intervalMs: 5,
    probe: async () =>
      servers.networks.every(({ heldBack }) => heldBack > 0)
        ? { value: undefined }
        : { seen: "not on all" },
  });

  // 2. The next run takes over with the first two servers. The write reaches the third.
  own[2]?.blackHole();
  expect(await next.claim(copy, 11)).toMatchObject({ current: { text: "first" } });
  deliver[2]?.();
  await waitFor({
    what: "the write to be on the third server",
    timeoutMs: 10_000,
    intervalMs: 5,
    probe: async () => {
      const stored = await servers.all[2]?.operator.hget(stateKeys("vmrig", copy)[0], "version");
      return stored === "2" ? { value: undefined } : { seen: `version ${stored}` };
    },
  });

  // 3. The next run writes with the last two servers. Its claim never reaches the third.
  own[2]?.reset();
  own[2]?.restore();
  own[0]?.blackHole();
  const newer = write(1, 11, { text: "newer" });
  expect(await next.write(copy, newer)).toEqual({ outcome: "written", version: 2 });
  await late;
  expect((await next.readVersion(copy, 2))?.text).toBe("newer");
});
