import { systemClock, type Clock } from "../clock/clock.ts";

export interface InTimeOptions {
  readonly timeoutMs: number;
  /** What it rejects with at the deadline. */
  readonly late: () => Error;
  readonly clock?: Clock;
}

/**
 * Waits for what somebody else does, and cannot be stopped, until a deadline. What comes later is
 * dropped.
 */
export async function inTime<T>(
  work: Promise<T>,
  { timeoutMs, late, clock = systemClock }: InTimeOptions,
): Promise<T> {
  const over = new AbortController();
  const deadline = clock.sleep(timeoutMs, over.signal).then(() => {
    throw late();
  });
  deadline.catch(() => {}); // stopped below
  try {
    return await Promise.race([work, deadline]);
  } finally {
    over.abort();
    work.catch(() => {});
  }
}
