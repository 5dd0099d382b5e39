import { setTimeout as delay } from "node:timers/promises";
import type { RedisServer } from "../../packages/vmrig/src/redis/fixtures/redis-server.ts";
import type { LeaseStore } from "../../packages/vmrig/src/lease/lease-store.ts";
import { printReport, round } from "../report.ts";
import { holderNamed, openStore, startRedis, REQUEST } from "./redis.ts";

const CROWDS = [1, 10, 50, 200] as const;
const CONNECTIONS = 10;
const WATCHED_MS = 4_000;

interface Crowd {
  /** Times from the release of a lease to the next lease, sorted. */
  readonly latencies: readonly number[];
  /** Redis commands per second while all clients waited. */
  readonly commandsPerSecond: number;
  /** Number of clients that got the lease before a client that had come earlier. */
  readonly overtakes: number;
}

/**
 * Measures many clients in one queue: the time of a handover, the load on Redis while they wait,
 * and whether the order is kept.
 */
export async function contention(rounds: number): Promise<void> {
  await using redis = await startRedis();
  const stores = await Promise.all(Array.from({ length: CONNECTIONS }, () => openStore(redis)));
  const ms: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  try {
    for (const size of CROWDS) {
      const { latencies, commandsPerSecond, overtakes } = await crowd(redis, stores, size);
      const at = (share: number): number =>
        latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ??
        Number.NaN;
      Object.assign(ms, {
        [`p50@${size}`]: round(at(0.5), 1),
        [`p99@${size}`]: round(at(0.99), 1),
      });
      Object.assign(ratios, {
        [`commandsPerSecondAndWaiter@${size}`]: round(commandsPerSecond / size, 2),
        [`overtakes@${size}`]: overtakes,
      });
      console.log(
        `${String(size).padStart(4)} waiting: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, ` +
          `${commandsPerSecond.toFixed(0)} commands a second, ${overtakes} overtakes`,
      );
    }
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
  printReport({ bench: "contention", runs: rounds, ms, ratios });
}

async function crowd(
  redis: RedisServer,
  stores: readonly LeaseStore[],
  size: number,
): Promise<Crowd> {
  const storeOf = (number: number): LeaseStore => stores[number % stores.length] as LeaseStore;
  const first = await storeOf(0).acquire(REQUEST, {
    holder: holderNamed("first"),
    waitForMs: 60_000,
  });
  const order: number[] = [];
  const latencies: number[] = [];
  let released = 0;
  const waiting: Promise<void>[] = [];
  for (let number = 0; number < size; number++) {
    const inLine = Promise.withResolvers<void>();
    const served = storeOf(number).acquire(REQUEST, {
      holder: holderNamed(`waiter ${number}`),
      waitForMs: 600_000,
      onWait: () => inLine.resolve(),
    });
    waiting.push(
      served.then(async (lease) => {
        latencies.push(performance.now() - released);
        order.push(number);
        released = performance.now();
        await lease.release();
      }),
    );
    await inLine.promise;
  }
  const before = await commands(redis);
  const watching = performance.now();
  await delay(WATCHED_MS);
  const commandsPerSecond =
    ((await commands(redis)) - before) / ((performance.now() - watching) / 1000);
  released = performance.now();
  await first.release();
  await Promise.all(waiting);
  return {
    latencies: latencies.toSorted((a, b) => a - b),
    commandsPerSecond,
    overtakes: order.filter((number, place) => number > place).length,
  };
}

/** Returns the number of all commands so far, including those that scripts call. */
async function commands({ operator }: RedisServer): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await operator.info("stats"))?.[1]);
}
