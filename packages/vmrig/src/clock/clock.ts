import { delay, monotonic, wall } from "./real-time.ts";

/**
 * Source of time. Injected into everything that waits, so that tests of vmrig control the time. Fake
 * timers of vmrig's users do not affect it.
 */
export interface Clock {
  /**
   * Milliseconds since the epoch. The value jumps when the computer's clock is set, and keeps
   * counting while a laptop sleeps.
   */
  wall(): number;
  /** Milliseconds that never decrease. On Linux the value stops while the computer is suspended. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  wall,
  monotonic,
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
