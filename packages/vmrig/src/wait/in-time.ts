import { systemClock, type Clock } from "../clock/clock.ts";

/** Options of {@link inTime}. */
export interface InTimeOptions {
  readonly timeoutMs: number;
  /** Creates the error of the deadline. */
  readonly late: () => Error;
  readonly clock?: Clock;
}

/**
 * Waits until a deadline for work that cannot be stopped. An outcome after the deadline is ignored.
 */
export async function inTime<T>(
  work: Promise<T>,
  { timeoutMs, late, clock = systemClock }: InTimeOptions,
): Promise<T> {
  const over = new AbortController();
  const deadline = clock.sleep(timeoutMs, over.signal).then(() => {
    throw late();
  });
  deadline.catch(() => {}); // aborted below
  try {
    return await Promise.race([work, deadline]);
  } finally {
    over.abort();
    work.catch(() => {});
  }
}
