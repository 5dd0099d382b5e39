import { onTestFinished, vi } from "vitest";
import { RedisServers } from "../redis/fixtures/redis-servers.ts";
import { waitFor } from "../wait/wait-for.ts";
import { person } from "./fixtures/holders.ts";
import { PCS } from "./fixtures/rigs.ts";
import type { LeaseRequest } from "./lease-request.ts";
import type { AcquireOptions, LeaseStore } from "./lease-store.ts";
import type { Lease } from "./lease.ts";
import { openLeaseStore, type LeaseStoreOptions } from "./open-lease-store.ts";

// For every test file that imports this kit: real processes on a computer that may be busy. Each
// wait has its own deadline.
vi.setConfig({ testTimeout: 60_000 });

/** For servers that always answer, however slow the computer is. */
export const LONG_TIMEOUTS = { commandTimeoutMs: 5000, heartbeatMs: 200, aliveMs: 2000 };
/** For servers in a black hole, where each command takes the full timeout. */
export const SHORT_TIMEOUTS = { commandTimeoutMs: 300, heartbeatMs: 200, aliveMs: 1000 };
/** Only a publish wakes a waiter within the duration of a test. */
export const NO_POLLING = { heartbeatMs: 600_000, aliveMs: 1_800_000 };

/** Key of the lock of `pcs-1`. */
export const LOCK = "vmrig:{pcs}:pcs-1:lock";

/** Disposes of a resource at the end of the test, in reverse order of the calls. */
export function disposeAfterTest<T extends AsyncDisposable>(resource: T): T {
  onTestFinished(() => resource[Symbol.asyncDispose]());
  return resource;
}

/** Starts Redis servers that end with the test. */
export async function startServers(
  ...args: Parameters<typeof RedisServers.start>
): Promise<RedisServers> {
  return disposeAfterTest(await RedisServers.start(...args));
}

/** Opens a store that is closed at the end of the test. */
export async function openStore(
  redis: LeaseStoreOptions["redis"] | RedisServers,
  options: Omit<LeaseStoreOptions, "redis"> = {},
): Promise<LeaseStore> {
  const address = redis instanceof RedisServers ? redis.address : redis;
  return disposeAfterTest(await openLeaseStore({ redis: address, ...options }));
}

export interface TestRequest extends Partial<AcquireOptions> {
  readonly who: string;
  /** @defaultValue `pcs` with its only copy */
  readonly request?: LeaseRequest;
}

/** Acquires a lease for a person. By default it lasts 10 min, and the person waits for 20 s. */
export function acquire(
  leases: LeaseStore,
  { who, request = PCS, ...options }: TestRequest,
): Promise<Lease> {
  const defaults = { holder: person(who), ttlMs: 600_000, waitForMs: 20_000 };
  return leases.acquire(request, { ...defaults, ...options });
}

export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
): Promise<void> {
  await waitFor({
    what,
    timeoutMs: 15_000,
    intervalMs: 10,
    probe: async () => ((await condition()) ? { value: undefined } : { seen: "not yet" }),
  });
}

/** Returns for each server whether it has the lock of `pcs-1`. */
export function locksOf(servers: RedisServers): Promise<boolean[]> {
  return Promise.all(servers.all.map(async ({ operator }) => (await operator.exists(LOCK)) === 1));
}
