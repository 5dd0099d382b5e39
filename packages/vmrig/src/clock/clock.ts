import { setTimeout as delay } from "node:timers/promises";

/** Time, passed in wherever something waits, so that tests own it. */
export interface Clock {
  /**
   * Milliseconds since the epoch; jumps when the computer's clock is set, keeps counting while a
   * laptop sleeps.
   */
  wall(): number;
  /** Milliseconds that never go back; on Linux they stand still while the computer is suspended. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
