import { systemClock, type Clock } from "../clock/clock.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { describeThrown } from "../errors/thrown.ts";
import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * Result of one probe: the awaited value, or a description of what was observed instead. A probe
 * throws on a state that cannot recover.
 */
export type Observation<T> = { readonly value: T } | { readonly seen: string };

/** Options of {@link waitFor}. */
export interface WaitOptions<T> {
  /** Name of the awaited thing, as it reads after "Waited 60.0 s for": `port 5432`. */
  readonly what: string;
  /** Object of the wait: `pc1`. */
  readonly on?: string;
  readonly timeoutMs: number;
  /**
   * Pause between two probes. A function is called after each probe, for a pause that depends on
   * what was observed. @defaultValue 100
   */
  readonly intervalMs?: number | (() => number);
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Code of the error at the deadline. @defaultValue `WAIT_TIMEOUT` */
  readonly code?: ErrorCode;
  readonly hint?: string;
  /**
   * Called until it returns a value. Its signal aborts at the deadline and when `signal` aborts.
   * The probe then has 3 s to clean up and report an observation; after that, `waitFor` abandons
   * it.
   */
  readonly probe: (signal: AbortSignal) => Promise<Observation<T>>;
}

/** Longer than the ssh module takes to stop a command that ignores its stop signal. */
const GRACE_MS = 3_000;
/** A longer timer of Node.js fires immediately. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * The only loop of vmrig that sleeps. Probes at least once, and never after the deadline.
 *
 * @throws VmrigError with the name, the measured wait and the last observation at the deadline
 * @throws the signal's reason when it aborts, and any error that `probe` throws before the deadline
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
        // A probe that the deadline cut short knows less than the one before it.
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
      const pauseMs = typeof intervalMs === "function" ? intervalMs() : intervalMs;
      await clock
        .sleep(Math.min(pauseMs, Math.max(0, timeoutMs - waitedMs())), enough)
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

/**
 * Resolves when the signal aborts. Removes its listener at `over`, because a signal may live much
 * longer than a wait.
 */
function aborted(signal: AbortSignal, over: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true, signal: over }),
  );
}
