import type { CommandResult } from "./outcome/command-result.ts";
import type { CommandOptions } from "./command-options.ts";
import { CommandHandle } from "./handle.ts";
import { verdict } from "./outcome/outcome.ts";
import { Running } from "./running.ts";
import type { CommandLine, ExecutionContext } from "./execution-context.ts";

/** Outcome of a command with its output as bytes. */
export interface RawResult {
  readonly result: CommandResult;
  readonly stdout: Buffer;
}

/** Options that keep the output as text. */
type TextOptions = Omit<CommandOptions, "encoding" | "lines" | "buffer">;

/** Starts a line on a machine. An invalid command also rejects the returned promise. */
export function start<Output>(
  context: ExecutionContext,
  command: () => CommandLine,
  options: CommandOptions,
): CommandHandle<Output> {
  return new CommandHandle<Output>(new Running(context, command, options));
}

/**
 * Runs a line on a machine and waits for its result. Unless the line says otherwise, the startup
 * files of the login shell do not affect it.
 *
 * @throws CommandError unless `reject` is `false`
 * @throws NotBegunError when a startup file or `sudo` prevented the line from running
 * @throws VmrigError `CONNECTION_LOST` when the connection ends while the line runs
 */
export async function run(
  context: ExecutionContext,
  command: CommandLine,
  options: TextOptions,
): Promise<CommandResult> {
  return (await runRaw(context, command, options)).result;
}

export async function runRaw(
  context: ExecutionContext,
  command: CommandLine,
  options: TextOptions,
): Promise<RawResult> {
  const running = new Running(
    context,
    () => ({ look: command.command ?? command.line, internal: true, framed: true, ...command }),
    options,
  );
  const result = verdict(await running.outcome) as CommandResult;
  return { result, stdout: running.outputs.stdout.kept ?? Buffer.alloc(0) };
}
