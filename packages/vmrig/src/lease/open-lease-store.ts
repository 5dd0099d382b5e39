import { systemClock, type Clock } from "../clock/clock.ts";
import type { RedisAddress } from "../redis/address.ts";
import { connect } from "../redis/connection.ts";
import { DEFAULT_NAMESPACE } from "../redis/namespace.ts";
import { openQuorum } from "./backends/quorum/open.ts";
import { singleRedis } from "./backends/single/single-redis.ts";
import type { LeaseStore } from "./lease-store.ts";
import type { QueueTiming } from "./queue.ts";
import { RedisLeaseStore } from "./redis-lease-store.ts";
import { WakeNotifier } from "./wake-notifier.ts";

export interface LeaseStoreOptions {
  /** One, or 3 or 5 that run independently of each other, of which the majority decides. */
  readonly redis: RedisAddress | readonly RedisAddress[];
  /**
   * First part of every key and channel, which an ACL can name. Stores of different namespaces know
   * nothing of each other.
   *
   * @defaultValue `vmrig`
   */
  readonly namespace?: string;
  readonly clock?: Clock;
  /** Of several: told in a line when one of them falls silent, and when it answers again. */
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
 * @throws VmrigError `REDIS_UNREACHABLE` with the address, without credentials; `CONFIG_INVALID`
 *   for an address that is none
 */
export async function openLeaseStore(options: LeaseStoreOptions): Promise<LeaseStore> {
  const { clock = systemClock, namespace = DEFAULT_NAMESPACE, timing = {} } = options;
  const addresses = "length" in options.redis ? options.redis : [options.redis];
  const dialling = {
    ...options,
    commandTimeoutMs: timing.commandTimeoutMs ?? 1500,
    clock,
    namespace,
  };
  const [only] = addresses;
  const one = only !== undefined && addresses.length === 1;
  const backend = one
    ? singleRedis(await connect(only, dialling), namespace)
    : await openQuorum(addresses, dialling);
  return new RedisLeaseStore({ backend, namespace, clock }, new WakeNotifier(addresses), timing);
}
