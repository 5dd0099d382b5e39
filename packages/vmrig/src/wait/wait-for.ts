import { systemClock, type Clock } from "../clock/clock.ts";
import type { ErrorCode } from "../errors/codes.ts";
import { VmrigError } from "../errors/vmrig-error.ts";

/** One look at the thing that is waited for: it is there, or this is what was seen instead. Throw on a state that cannot recover. */
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
  /** Called until it answers with a value. The signal it is given aborts at the deadline. */
  readonly probe: (signal: AbortSignal) => Promise<Observation<T>>;
}

/**
 * The only loop of vmrig that sleeps.
 *
 * @throws VmrigError with the name, the measured wait and the last observation when the deadline passes
 * @throws the signal's reason when it aborts, and whatever `probe` throws
 */
export async function waitFor<T>(options: WaitOptions<T>): Promise<T> {
  const { timeoutMs, intervalMs = 100, clock = systemClock, signal } = options;
  const start = clock.monotonic();
  const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
  const both = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  let seen = "nothing yet";
  for (;;) {
    signal?.throwIfAborted();
    try {
      const observation = await options.probe(both);
      if ("value" in observation) return observation.value;
      seen = observation.seen;
    } catch (error) {
      signal?.throwIfAborted();
      if (!deadline.aborted) throw error;
    }
    const waitedMs = clock.monotonic() - start;
    if (waitedMs >= timeoutMs || deadline.aborted) {
      const where = options.on === undefined ? "" : ` on ${options.on}`;
      throw new VmrigError(options.code ?? "WAIT_TIMEOUT", {
        message: `Waited ${(waitedMs / 1000).toFixed(1)} s for ${options.what}${where}; last seen: ${seen}.`,
        ...(options.hint === undefined ? {} : { hint: options.hint }),
      });
    }
    await clock.sleep(Math.min(intervalMs, Math.max(1, timeoutMs - waitedMs)), signal);
  }
}
