import { systemClock, type Clock } from "../clock/clock.ts";
import type { RedisAddress } from "../redis/address.ts";
import { connect } from "../redis/dial.ts";
import { DEFAULT_NAMESPACE } from "../redis/namespace.ts";
import { openQuorum } from "./backends/quorum/open.ts";
import { singleRedis } from "./backends/single/single-redis.ts";
import type { LeaseStore } from "./lease-store.ts";
import type { QueueTiming } from "./queue.ts";
import { RedisLeaseStore } from "./redis-lease-store.ts";
import { WakeNotifier } from "./wake-notifier.ts";

export interface LeaseStoreOptions {
  /**
   * Address of one Redis, or addresses of 3 or 5 independent ones of which the majority decides.
   */
  readonly redis: RedisAddress | readonly RedisAddress[];
  /**
   * First part of every key and channel, for use in ACL rules. Stores with different namespaces do
   * not see each other.
   *
   * @defaultValue `vmrig`
   */
  readonly namespace?: string;
  readonly clock?: Clock;
  /**
   * With several servers: called with a line of text when a server stops answering, and when it
   * answers again.
   */
  readonly onNews?: (line: string) => void;
  /**
   * For tests and unusual networks. A command to Redis counts as unanswered after
   * `commandTimeoutMs`.
   *
   * @defaultValue 1500
   */
  readonly timing?: Partial<QueueTiming & { readonly commandTimeoutMs: number }>;
}

/**
 * Connects to Redis and opens a lease store.
 *
 * @throws VmrigError `REDIS_UNREACHABLE` with the address, without credentials; `CONFIG_INVALID`
 *   for an invalid address
 */
export async function openLeaseStore(options: LeaseStoreOptions): Promise<LeaseStore> {
  const { clock = systemClock, namespace = DEFAULT_NAMESPACE, timing = {} } = options;
  const addresses = "length" in options.redis ? options.redis : [options.redis];
  const connectOptions = {
    ...options,
    commandTimeoutMs: timing.commandTimeoutMs ?? 1500,
    clock,
    namespace,
  };
  const [only] = addresses;
  const one = only !== undefined && addresses.length === 1;
  const backend = one
    ? singleRedis(await connect(only, connectOptions), namespace)
    : await openQuorum(addresses, connectOptions);
  return new RedisLeaseStore({ backend, namespace, clock }, new WakeNotifier(addresses), timing);
}
