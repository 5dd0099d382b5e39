import type { Redis } from "ioredis";
import type { Clock } from "../clock/clock.ts";
import type { RedisAddress } from "../redis/address.ts";
import { subscriber } from "../redis/connection.ts";

/** What a waiter sleeps on. A ring while it is awake is not forgotten. */
export class Waker {
  #asleep: AbortController | undefined;
  #woken = false;

  wake(): void {
    this.#woken = true;
    this.#asleep?.abort();
  }

  /** Resolves at a ring or after `ms`; rejects with the signal's reason when that aborts. */
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
 * Rings a waiter's waker when a Redis publishes its id: there is a copy for it. Publish is lossy,
 * so it is a short cut only; a waiter also looks when the first TTL of those that it waits for
 * ends, and at each of its heartbeats.
 */
export class WakeNotifier {
  readonly #addresses: readonly RedisAddress[];
  readonly #wakers = new Map<string, Waker>();
  #redises: readonly Redis[] | undefined;

  constructor(addresses: readonly RedisAddress[]) {
    this.#addresses = addresses;
  }

  /**
   * Its first ring says that it works from now on: whatever was published before must be looked
   * for.
   */
  register(waiter: string, channel: string): Waker {
    const waker = new Waker();
    this.#wakers.set(waiter, waker);
    this.#redises ??= this.#addresses.map((address) => this.#listen(address));
    for (const redis of this.#redises) {
      redis.subscribe(channel).then(
        () => waker.wake(),
        () => {}, // closed, or an ACL without this channel: the heartbeats remain
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
    // After a re-dial: what was published in between is gone.
    redis.on("ready", () => this.#wakers.forEach((waker) => waker.wake()));
    return redis;
  }
}
