import { VmrigError, isVmrigError } from "../../errors/vmrig-error.ts";
import { isCommandError, type CommandError } from "../command/error.ts";
import type { CommandOptions } from "../command/command.ts";
import { runRaw, type RawResult, type ExecutionContext } from "../command/run.ts";
import { AS_POSIX } from "../command/script.ts";

/** Something that is done with a file of a machine. */
export interface Task {
  /** As it reads after "Cannot": `read`. */
  readonly doing: string;
  readonly path: string;
  /** Whether the file itself must be there; otherwise its folder must. @defaultValue true */
  readonly existing?: boolean;
  /** Whether its input is shown to nobody. @defaultValue false */
  readonly secret?: boolean;
}

/**
 * What ends a command on files: it gets the time to take away what it has written so far.
 */
export const TIDY = {
  killSignal: "SIGTERM",
  forceKillAfterDelay: 5000,
} as const satisfies CommandOptions;

/**
 * Runs a line that works on a file.
 *
 * @throws VmrigError `FILE_FAILED` with the machine's own reason when the line fails; what a
 *   command throws when it is cancelled or lost
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

/** The line, with messages that can be understood, and what people are to read in its place. */
export function toLine({ doing, path }: Task, line: string): { line: string; command: string } {
  return { line: `${AS_POSIX}LC_ALL=C; export LC_ALL; ${line}`, command: `${doing} ${path}` };
}

/** What is thrown in place of the error of the command. */
export function toFileError(context: ExecutionContext, task: Task, error: unknown): unknown {
  if (!isCommandError(error) || error.code !== "COMMAND_FAILED") return error;
  // The input could not be made on this side.
  if (isVmrigError(error.cause)) return error.cause;
  return fileFailed(context, task, reasonOf(error), error);
}

export function fileFailed(
  context: ExecutionContext,
  { doing, path, existing = true }: Task,
  reason: string,
  cause?: unknown,
): VmrigError {
  // The second is dash's word for a missing folder in a redirection.
  const missing = reason === "No such file or directory" || reason === "Directory nonexistent";
  const message =
    missing && existing
      ? `No such file on ${context.name}: ${path}.`
      : `Cannot ${doing} ${path} on ${context.name} as ${context.user}: ${missing ? "no such folder" : reason}.`;
  return new VmrigError("FILE_FAILED", {
    message,
    cause,
    ...(path.includes("\ufffd") && { hint: NO_UTF8 }),
  });
}

/** What `entries()` and `glob()` put in the place of such bytes. */
const NO_UTF8 =
  "its name on the machine may be no UTF-8, for which \ufffd stands: reach it by a pattern of the machine's shell, or with its folder";

const FULL = "No space left on device";
/** What tar says at its end about what it has said before. */
const EPILOGUE = /^tar: (?:Exiting with failure status|Error is not recoverable)/;

/** It names the place first, and the file last: `zsh:1: no such file or directory: /x`. */
const OF_ZSH = /^\S+:\d+: ([a-z][a-z ]*): /;

function reasonOf({ stderr, exitCode }: CommandError): string {
  if (stderr.includes(FULL)) return FULL;
  const last = stderr.split("\n").findLast((line) => line !== "" && !EPILOGUE.test(line)) ?? "";
  const zsh = OF_ZSH.exec(last)?.[1];
  if (zsh !== undefined) return zsh.charAt(0).toUpperCase() + zsh.slice(1);
  return last.slice(last.lastIndexOf(": ") + 2).trim() || `exit code ${exitCode}`;
}
