import type { ProcessOptions } from "../../ssh/remote-process.ts";
import { toMilliseconds } from "../duration-option.ts";
import type { CommandOptions } from "./command-options.ts";
import { toWireSignal } from "./kill-signal.ts";

/** Default delay between another signal and the SIGKILL that follows it. */
export const FORCE_AFTER_MS = 5000;

/** Options of a command that determine how its process is run and stopped. */
export type ProcessRelevantOptions = Pick<
  CommandOptions,
  "timeout" | "pty" | "killSignal" | "forceKillAfterDelay"
>;

/**
 * Converts the options of a command into those of its process.
 *
 * @param asOther whether another user than the login user runs the command
 */
export function toProcessOptions(
  {
    timeout,
    pty = false,
    killSignal = "SIGKILL",
    forceKillAfterDelay = FORCE_AFTER_MS,
  }: ProcessRelevantOptions,
  asOther: boolean,
): Pick<ProcessOptions, "warning" | "timeoutMs" | "pty"> {
  const graceMs = toMilliseconds(
    forceKillAfterDelay === false ? FORCE_AFTER_MS : forceKillAfterDelay,
  );
  const {
    columns = 80,
    rows = 24,
    term = "xterm-256color",
  } = pty === true || pty === false ? {} : pty;
  return {
    ...(killSignal === "SIGKILL"
      ? {}
      : { warning: { signal: toWireSignal(killSignal, asOther), graceMs } }),
    ...(timeout === undefined ? {} : { timeoutMs: toMilliseconds(timeout) }),
    ...(pty === false ? {} : { pty: { columns, rows, term } }),
  };
}
