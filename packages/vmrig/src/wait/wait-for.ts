import { systemClock, type Clock } from "../clock/clock.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { describeThrown } from "../errors/thrown.ts";
import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * One look at the thing that is waited for: it is there, or this is what was seen instead. Throw on
 * a state that cannot recover.
 */
export type Observation<T> = { readonly value: T } | { readonly seen: string };

export interface WaitOptions<T> {
  /** What is waited for, as it should read after "Waited 60.0 s for": `port 5432`. */
  readonly what: string;
  /** On which object: `pc1`. */
  readonly on?: string;
  readonly timeoutMs: number;
  /** Pause between two looks. @defaultValue 100 */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Code of the error at the deadline. @defaultValue `WAIT_TIMEOUT` */
  readonly code?: ErrorCode;
  readonly hint?: string;
  /**
   * Called until it answers with a value. The signal it is given aborts at the deadline, and when
   * the wait is given up: then it has 3 s to clean up and say what it saw, and is left alone after
   * that.
   */
  readonly probe: (signal: AbortSignal) => Promise<Observation<T>>;
}

/** Longer than the ssh module takes to end a command that does not want to. */
const GRACE_MS = 3_000;
/** Timers of Node.js fire at once when they are set to more. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * The only loop of vmrig that sleeps. Looks once in any case, and never after the deadline.
 *
 * @throws VmrigError with the name, the measured wait and the last observation when the deadline
 *   passes
 * @throws the signal's reason when it aborts, and whatever `probe` throws before the deadline
 */
export async function waitFor<T>(options: WaitOptions<T>): Promise<T> {
  const {
    what,
    on,
    code = "WAIT_TIMEOUT",
    hint,
    intervalMs = 100,
    clock = systemClock,
    signal,
    probe,
  } = options;
  const timeoutMs = Math.min(options.timeoutMs, LONGEST_MS);
  signal?.throwIfAborted();
  const start = clock.monotonic();
  const over = new AbortController();
  const deadline = new AbortController();
  const enough =
    signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  clock.sleep(timeoutMs, over.signal).then(
    () => deadline.abort(),
    () => {},
  );
  const waitedMs = (): number => clock.monotonic() - start;
  const grace = async (): Promise<never> => {
    await aborted(enough, over.signal);
    await clock.sleep(GRACE_MS, over.signal);
    throw enough.reason;
  };
  const tooSlow = grace();
  tooSlow.catch(() => {});

  let seen: string | undefined;
  let cause: unknown;
  try {
    do {
      try {
        const observation = await Promise.race([probe(enough), tooSlow]);
        if ("value" in observation) return observation.value;
        // A look that the deadline cut short knows less than the one before it.
        if (!deadline.signal.aborted) ({ seen } = observation);
        else seen ??= observation.seen;
      } catch (error) {
        signal?.throwIfAborted();
        if (!deadline.signal.aborted) throw error;
        if (error !== deadline.signal.reason) {
          cause = error;
          seen ??= describeThrown(error).split("\n")[0];
        }
      }
      signal?.throwIfAborted();
      await clock
        .sleep(Math.min(intervalMs, Math.max(0, timeoutMs - waitedMs())), enough)
        .catch(() => {});
      signal?.throwIfAborted();
    } while (!deadline.signal.aborted && waitedMs() < timeoutMs);
  } finally {
    over.abort();
  }
  throw new VmrigError(code, {
    message: `Waited ${(waitedMs() / 1000).toFixed(1)} s for ${what}${on === undefined ? "" : ` on ${on}`}; last seen: ${seen ?? "nothing yet"}.`,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Forgets about it at `over`: a signal may live much longer than a wait. */
function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true, signal: over }),
  );
}
