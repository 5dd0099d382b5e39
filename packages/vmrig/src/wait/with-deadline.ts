import { systemClock, type Clock } from "../clock/clock.ts";

export interface DeadlineOptions {
  readonly timeoutMs: number;
  readonly clock?: Clock;
}

/**
 * Runs work under a signal that aborts at a deadline. When the work ends, so does the timer: that of
 * `AbortSignal.timeout` keeps the process alive as long as another signal depends on it.
 */
export async function withDeadline<T>(
  { timeoutMs, clock = systemClock }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const [deadline, done] = [new AbortController(), new AbortController()];
  clock.sleep(timeoutMs, done.signal).then(
    () => deadline.abort(new Error(`no answer within ${timeoutMs / 1000} s`)),
    () => {}, // the work has ended
  );
  try {
    return await work(deadline.signal);
  } finally {
    done.abort();
  }
}
