import type { Redis } from "ioredis";
import type { Clock } from "../clock/clock.ts";
import type { RedisAddress } from "../redis/address.ts";
import { subscriber } from "../redis/subscriber.ts";

/**
 * Interruptible sleep of one waiter. A wake-up that arrives while the waiter is awake ends its next
 * sleep.
 */
export class Waker {
  #asleep: AbortController | undefined;
  #woken = false;

  wake(): void {
    this.#woken = true;
    this.#asleep?.abort();
  }

  /**
   * Resolves at a wake-up or after `ms`; rejects with the reason of the signal when that aborts.
   */
  async sleep(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const asleep = (this.#asleep = new AbortController());
    if (!this.#woken)
      await clock
        .sleep(ms, AbortSignal.any([signal, asleep.signal]))
        .catch(() => signal.throwIfAborted());
    this.#woken = false;
  }
}

/**
 * Wakes a waiter when a Redis publishes its id: a copy is available. Publish is lossy and therefore
 * only a shortcut. A waiter also checks when the first TTL that it waits for ends, and at each
 * heartbeat.
 */
export class WakeNotifier {
  readonly #addresses: readonly RedisAddress[];
  readonly #wakers = new Map<string, Waker>();
  #redises: readonly Redis[] | undefined;

  constructor(addresses: readonly RedisAddress[]) {
    this.#addresses = addresses;
  }

  /**
   * Registers a waiter. The first wake-up signals that the subscription is active. The waiter must
   * check for everything published before.
   */
  register(waiter: string, channel: string): Waker {
    const waker = new Waker();
    this.#wakers.set(waiter, waker);
    this.#redises ??= this.#addresses.map((address) => this.#listen(address));
    for (const redis of this.#redises) {
      redis.subscribe(channel).then(
        () => waker.wake(),
        () => {}, // closed, or the ACL denies this channel: heartbeats still work
      );
    }
    return waker;
  }

  unregister(waiter: string): void {
    this.#wakers.delete(waiter);
  }

  close(): void {
    this.#redises?.forEach((redis) => redis.disconnect());
  }

  #listen(address: RedisAddress): Redis {
    const redis = subscriber(address);
    redis.on("message", (_channel: string, waiter: string) => this.#wakers.get(waiter)?.wake());
    // After a reconnect: messages published in between are lost.
    redis.on("ready", () => this.#wakers.forEach((waker) => waker.wake()));
    return redis;
  }
}
