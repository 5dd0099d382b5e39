import type { Clock } from "../../clock/clock.ts";
import type { OptionNames } from "../../errors/check-options.ts";
import type { WaitOptions as WaitForOptions } from "../../wait/wait-for.ts";
import { toMilliseconds, type Duration } from "../duration-option.ts";
import type { ExecutionContext } from "../command/execution-context.ts";

export interface WaitOptions {
  /** @defaultValue 30 s */
  readonly timeout?: Duration | undefined;
  /** Pause between two checks. @defaultValue 250 ms */
  readonly interval?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const WAIT_OPTIONS: OptionNames<WaitOptions> = {
  timeout: true,
  interval: true,
  signal: true,
};

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
