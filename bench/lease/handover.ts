import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import Redlock from "redlock";
import { median, medians, printReport, round, type Samples } from "../report.ts";
import { holderNamed, openStore, startRedis, REQUEST } from "./redis.ts";

const TTL_MS = 30_000;
const POLL_MS = 200;

/**
 * Hands a lock from one client to another one that waits for it. Returns the time of the handover.
 */
type HandOver = (heldMs: number) => Promise<number>;

/**
 * Measures the time from the release of a lease until the next waiter has it: vmrig, redlock's own
 * retry with its defaults, a loop that polls every 200 ms, and the minimum for Redis, which is one
 * publish and one `SET NX`. Each side waits for a random time first, so that no loop is
 * synchronised with the release.
 */
export async function handover(rounds: number): Promise<void> {
  await using redis = await startRedis();
  await using one = await openStore(redis);
  await using two = await openStore(redis);
  const clients = Array.from({ length: 4 }, () => new Redis({ path: redis.socketPath }));
  const [a, b, ear, voice] = clients as [Redis, Redis, Redis, Redis];
  await ear.subscribe("free");

  const sides: Readonly<Record<string, HandOver>> = {
    async vmrig(heldMs) {
      const lease = await one.acquire(REQUEST, {
        holder: holderNamed("one"),
        ttlMs: TTL_MS,
        waitForMs: 60_000,
      });
      const waiting = two.acquire(REQUEST, {
        holder: holderNamed("two"),
        ttlMs: TTL_MS,
        waitForMs: 60_000,
      });
      await delay(heldMs);
      const released = performance.now();
      void lease.release();
      const next = await waiting;
      const took = performance.now() - released;
      await next.release();
      return took;
    },
    async redlock(heldMs) {
      const lock = await new Redlock([a]).acquire(["redlock"], TTL_MS);
      // By default redlock gives up after 10 tries; this benchmark measures its pauses.
      const waiting = new Redlock([b], { retryCount: 1000 }).acquire(["redlock"], TTL_MS);
      await delay(heldMs);
      const released = performance.now();
      void lock.release();
      const next = await waiting;
      const took = performance.now() - released;
      await next.release();
      return took;
    },
    async polling(heldMs) {
      await a.set("polled", "one", "PX", TTL_MS, "NX");
      const waiting = (async () => {
        while ((await b.set("polled", "two", "PX", TTL_MS, "NX")) === null) await delay(POLL_MS);
      })();
      await delay(heldMs);
      const released = performance.now();
      void a.del("polled");
      await waiting;
      const took = performance.now() - released;
      await b.del("polled");
      return took;
    },
    async publish(heldMs) {
      await a.set("told", "one", "PX", TTL_MS, "NX");
      const waiting = new Promise<void>((resolve) => {
        ear.once(
          "message",
          () => void b.set("told", "two", "PX", TTL_MS, "NX").then(() => resolve()),
        );
      });
      await delay(heldMs);
      const released = performance.now();
      void voice.multi().del("told").publish("free", "").exec();
      await waiting;
      const took = performance.now() - released;
      await b.del("told");
      return took;
    },
  };

  const samples: Samples = {};
  for (let turn = 0; turn < rounds * 4; turn++) {
    for (const [side, handOver] of Object.entries(sides))
      (samples[side] ??= []).push(await handOver(300 + Math.random() * 400));
  }
  for (const client of clients) client.disconnect();
  const of = (side: string): number => median(samples[side] ?? []);
  printReport({
    bench: "handover",
    runs: rounds * 4,
    ms: medians(samples),
    ratios: {
      overRedlock: round(of("redlock") / of("vmrig"), 1),
      overPolling: round(of("polling") / of("vmrig"), 1),
      toPublish: round(of("vmrig") / of("publish"), 2),
    },
  });
}
