import type { CommandOptions, CommandResult } from "./command.ts";
import { CommandHandle } from "./handle.ts";
import { verdict } from "./outcome.ts";
import { Running } from "./running.ts";
import type { CommandLine, ExecutionContext } from "./execution-context.ts";

export type { CommandLine, ExecutionContext } from "./execution-context.ts";

/** The outcome of a command whose output is bytes. */
export interface RawResult {
  readonly result: CommandResult;
  readonly stdout: Buffer;
}

/** Options with which the output is text. */
type TextOptions = Omit<CommandOptions, "encoding" | "lines" | "buffer">;

/** Begins a line on a machine. Its mistakes, too, are those of the promise. */
export function start<Output>(
  context: ExecutionContext,
  command: () => CommandLine,
  options: CommandOptions,
): CommandHandle<Output> {
  return new CommandHandle<Output>(new Running(context, command, options));
}

/**
 * Runs a line on a machine.
 *
 * @throws CommandError, but for `reject: false`
 * @throws VmrigError `CONNECTION_LOST` when the connection ended under it
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
    () => ({ look: command.command ?? command.line, internal: true, ...command }),
    options,
  );
  const result = verdict(await running.outcome) as CommandResult;
  return { result, stdout: running.stdout.kept ?? Buffer.alloc(0) };
}
