import type { OptionNames } from "../../errors/check-options.ts";
import { waitFor, type Observation } from "../../wait/wait-for.ts";
import type { CommandResult } from "../command/outcome/command-result.ts";
import type { CommandOptions } from "../command/command-options.ts";
import { abridged } from "../command/outcome/in-words.ts";
import { run } from "../command/run.ts";
import { WAIT_OPTIONS, toWatch, type WaitOptions, type Watch } from "./wait-options.ts";
import { tolerant } from "./tolerant.ts";

/**
 * Options of `waitUntilSucceeds` and `waitUntilFails`. `timeout` limits the whole wait. `reject`
 * does not apply.
 */
export type UntilOptions = Omit<
  CommandOptions,
  "reject" | "stdin" | "encoding" | "lines" | "buffer"
> &
  WaitOptions;

export const UNTIL_OPTIONS: OptionNames<UntilOptions> = {
  ...WAIT_OPTIONS,
  input: true,
  env: true,
  cwd: true,
  all: true,
  maxBuffer: true,
  stripFinalNewline: true,
  shell: true,
  pty: true,
  killSignal: true,
  forceKillAfterDelay: true,
};

export function waitUntilSucceeds(
  watch: Watch,
  line: string,
  options: UntilOptions,
): Promise<CommandResult> {
  return until(watch, line, options, "succeed", (result) => !result.failed);
}

/**
 * Waits until the command fails. An unreachable machine and an interrupted run do not count as a
 * failure of the command.
 */
export function waitUntilFails(
  watch: Watch,
  line: string,
  options: UntilOptions,
): Promise<CommandResult> {
  return until(
    watch,
    line,
    options,
    "fail",
    (result) => result.failed && !result.isCanceled && !result.timedOut,
  );
}

function until(
  watch: Watch,
  line: string,
  options: UntilOptions,
  verb: string,
  isSo: (result: CommandResult) => boolean,
): Promise<CommandResult> {
  const { timeout: _whole, interval: _pause, ...command } = options;
  return waitFor<CommandResult>({
    ...toWatch(watch, options),
    what: `\`${abridged(line)}\` to ${verb}`,
    probe: tolerant(async (signal): Promise<Observation<CommandResult>> => {
      const result = await run(
        watch.context,
        { line, internal: false, framed: false },
        { ...command, signal, reject: false },
      );
      return isSo(result) ? { value: result } : { seen: resultInWords(result) };
    }),
  });
}

/** Describes a result in words: `exit code 7: no luck` */
export function resultInWords(result: CommandResult): string {
  if (result.isCanceled) return "it was still running at the deadline";
  const output = (result.stderr || result.stdout).trimEnd().split("\n").at(-1);
  return `${result.signal ?? `exit code ${result.exitCode}`}${output ? `: ${output}` : ""}`;
}
