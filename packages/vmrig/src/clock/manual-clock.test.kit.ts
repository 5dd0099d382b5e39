import type { Clock } from "./clock.ts";

/** Clock of a test. Its time passes only when the test advances it. */
export interface ManualClock extends Clock {
  /** Advances the time, and wakes every sleep that is over, the earliest first. */
  advance(ms: number): void;
  /** Returns for each sleep how many milliseconds are left. */
  sleeping(): readonly number[];
}

export function manualClock(): ManualClock {
  const start = Date.now();
  let passed = 0;
  const sleeps = new Set<{ readonly until: number; readonly wake: () => void }>();
  const earliestFirst = () => [...sleeps].toSorted((a, b) => a.until - b.until);
  return {
    wall: () => start + passed,
    monotonic: () => passed,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        if (ms <= 0) return void setImmediate(resolve);
        const sleep = { until: passed + ms, wake: resolve };
        sleeps.add(sleep);
        const stop = () => (sleeps.delete(sleep), reject(signal?.reason));
        signal?.addEventListener("abort", stop, { once: true });
      }),
    advance(ms) {
      passed += ms;
      for (const sleep of earliestFirst())
        if (sleep.until <= passed && sleeps.delete(sleep)) sleep.wake();
    },
    sleeping: () => earliestFirst().map(({ until }) => until - passed),
  };
}
