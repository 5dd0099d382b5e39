import type { Clock } from "../../clock/clock.ts";
import { isVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import type { Observation, WaitOptions as WaitForOptions } from "../../wait/wait-for.ts";
import { toMilliseconds, type Duration } from "../duration-option.ts";
import type { ExecutionContext } from "../command/run.ts";

export interface WaitOptions {
  /** @defaultValue 30 s */
  readonly timeout?: Duration | undefined;
  /** Pause between two checks. @defaultValue 250 ms */
  readonly interval?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Context shared by all waits of a machine. */
export interface Watch {
  readonly context: ExecutionContext;
  /** Context for data that only root may read: the journal. */
  readonly root: ExecutionContext;
  readonly clock: Clock | undefined;
  /** Returns the default start time for log lines. */
  readonly since: (() => Date | undefined) | undefined;
}

/** Converts the options of a wait into the options of `waitFor`. */
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

/** Turns the failure of a probe on a rebooting machine into an observation. */
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
 * Returns whether the failure may be temporary: the machine was unreachable or could not answer,
 * for example while it boots. A missing program does not appear by itself.
 */
export function mayPass(error: unknown): error is VmrigError {
  return (
    isAway(error) ||
    (isVmrigError(error) && error.code === "INSPECTION_FAILED" && error.hint === undefined)
  );
}

/** Returns whether the machine was unreachable. */
export function isAway(error: unknown): error is VmrigError {
  return (
    isVmrigError(error) &&
    (error.code === "CONNECTION_LOST" || error.code === "MACHINE_UNREACHABLE")
  );
}
