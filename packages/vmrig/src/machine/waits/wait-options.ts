import type { Clock } from "../../clock/clock.ts";
import { isVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import type { Observation, WaitOptions as WaitForOptions } from "../../wait/wait-for.ts";
import { toMilliseconds, type Duration } from "../duration-option.ts";
import type { ExecutionContext } from "../command/run.ts";

export interface WaitOptions {
  /** @defaultValue 30 s */
  readonly timeout?: Duration | undefined;
  /** Pause between two looks. @defaultValue 250 ms */
  readonly interval?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the waits of one machine have in common. */
export interface Watch {
  readonly context: ExecutionContext;
  /** For what only root may read: the journal. */
  readonly root: ExecutionContext;
  readonly clock: Clock | undefined;
  /** Since when lines of a log count, where a wait does not say. */
  readonly since: (() => Date | undefined) | undefined;
}

/** The options of a wait as the one loop takes them. */
export function toWatch(
  { context, clock }: Pick<Watch, "context" | "clock">,
  { timeout = 30_000, interval = 250, signal }: WaitOptions,
): Omit<WaitForOptions<never>, "what" | "probe"> {
  const signals = [signal, context.signal, context.scope?.()].filter((one) => one !== undefined);
  return {
    on: context.name,
    timeoutMs: toMilliseconds(timeout),
    intervalMs: toMilliseconds(interval),
    ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
    ...(clock === undefined ? {} : { clock }),
  };
}

/** A machine that reboots while it is waited for is one more thing to be seen. */
export function tolerant<T>(
  probe: (signal: AbortSignal) => Promise<Observation<T>>,
): (signal: AbortSignal) => Promise<Observation<T>> {
  return (signal) =>
    probe(signal).catch((error: unknown) => {
      if (!mayPass(error)) throw error;
      return { seen: error.summary.replace(/\.$/, "") };
    });
}

/**
 * The machine could not be asked, or could not tell, and may yet: while it boots. A program that is
 * missing does not come by itself.
 */
export function mayPass(error: unknown): error is VmrigError {
  return (
    isAway(error) ||
    (isVmrigError(error) && error.code === "INSPECTION_FAILED" && error.hint === undefined)
  );
}

/** The machine could not be asked. */
export function isAway(error: unknown): error is VmrigError {
  return (
    isVmrigError(error) &&
    (error.code === "CONNECTION_LOST" || error.code === "MACHINE_UNREACHABLE")
  );
}
