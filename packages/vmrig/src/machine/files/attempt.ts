import { VmrigError, isVmrigError } from "../../errors/vmrig-error.ts";
import { isCommandError, type CommandError } from "../command/outcome/error.ts";
import type { CommandOptions } from "../command/command-options.ts";
import { factsOf, isNotBegun } from "../command/frame/not-begun.ts";
import { runRaw, type RawResult } from "../command/run.ts";
import type { ExecutionContext } from "../command/execution-context.ts";

/** An operation on a file of a machine. */
export interface Task {
  /** The verb for the message, after "Cannot": `read`. */
  readonly doing: string;
  readonly path: string;
  /** Whether the file itself must exist; otherwise its folder must exist. @defaultValue true */
  readonly existing?: boolean;
  /** Whether the input must not be shown. @defaultValue false */
  readonly secret?: boolean;
}

/**
 * Options that end a command on files by a signal that leaves it time to remove its partial result.
 */
export const TIDY = {
  killSignal: "SIGTERM",
  forceKillAfterDelay: 5000,
} as const satisfies CommandOptions;

/**
 * Runs a line that works on a file.
 *
 * @throws VmrigError `FILE_FAILED` with the machine's own reason when the line fails. Also throws
 *   the errors of a cancelled or lost command
 */
export async function attempt(
  context: ExecutionContext,
  task: Task,
  line: string,
  options: Pick<CommandOptions, "input" | "signal" | "timeout"> = {},
): Promise<RawResult> {
  try {
    return await runRaw(
      context,
      { ...toLine(task, line), internal: task.secret !== true },
      { ...TIDY, ...options, maxBuffer: Number.POSITIVE_INFINITY },
    );
  } catch (error) {
    throw toFileError(context, task, error);
  }
}

/** Returns the line with English messages, and the text that people read in its place. */
export function toLine(
  { doing, path }: Task,
  line: string,
): { line: string; command: string; framed: true } {
  return {
    line: `LC_ALL=C; export LC_ALL; ${line}`,
    command: `${doing} ${path}`,
    framed: true,
  };
}

/** Converts the error of the command into the error that is thrown. */
export function toFileError(context: ExecutionContext, task: Task, error: unknown): unknown {
  if (isNotBegun(error)) return fileFailed(context, task, error.reason, error);
  if (!isCommandError(error) || error.code !== "COMMAND_FAILED") return error;
  // This side could not produce the input.
  if (isVmrigError(error.cause)) return error.cause;
  return fileFailed(context, task, reasonOf(error), error);
}

export function fileFailed(
  context: ExecutionContext,
  { doing, path, existing = true }: Task,
  reason: string,
  cause?: unknown,
): VmrigError {
  // dash prints the second text for a missing folder in a redirection.
  const missing = reason === "No such file or directory" || reason === "Directory nonexistent";
  const message =
    missing && existing
      ? `No such file on ${context.name}: ${path}.`
      : `Cannot ${doing} ${path} on ${context.name} as ${context.user}: ${missing ? "no such folder" : reason}.`;
  return new VmrigError("FILE_FAILED", {
    message,
    cause,
    ...(isNotBegun(cause) && factsOf(cause)),
    ...(path.includes("\ufffd") && { hint: NO_UTF8 }),
  });
}

/** Hint for names in which `entries()` and `glob()` replaced invalid bytes. */
const NO_UTF8 =
  "its name on the machine may not be UTF-8 (\ufffd replaces each invalid byte): use a pattern of the machine's shell, or the folder that contains it";

const FULL = "No space left on device";
/** Final line of tar, which only refers to its earlier messages. */
const EPILOGUE = /^tar: (?:Exiting with failure status|Error is not recoverable)/;

function reasonOf({ stderr, exitCode }: CommandError): string {
  if (stderr.includes(FULL)) return FULL;
  const last = stderr.split("\n").findLast((line) => line !== "" && !EPILOGUE.test(line)) ?? "";
  return last.slice(last.lastIndexOf(": ") + 2).trim() || `exit code ${exitCode}`;
}
