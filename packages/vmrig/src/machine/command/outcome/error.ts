import { isVmrigError, VmrigError } from "../../../errors/vmrig-error.ts";
import type { CommandResult } from "./command-result.ts";
import { outcome, abridged } from "./in-words.ts";
import { printed } from "./printed.ts";

/** Parts of a {@link CommandError} besides the result. */
export interface CommandErrorFacts {
  readonly cause?: unknown;
  /** Facts for the reader, one per line. */
  readonly notes: readonly string[];
  readonly hint?: string;
}

/**
 * Error of a failed command, with the fields of its result. Recognise it by its `code`, as every
 * error of vmrig.
 */
export class CommandError<Output = string> extends VmrigError implements CommandResult<Output> {
  readonly machine: string;
  readonly user: string;
  readonly command: string;
  readonly cwd: string | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly all: Output | undefined;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isTerminated: boolean;
  readonly isMaxBuffer: boolean;
  readonly pipedFrom: ReadonlyArray<CommandResult<unknown>>;

  constructor(result: CommandResult<Output>, { cause, notes, hint }: CommandErrorFacts) {
    super(
      result.isCanceled ? "CANCELLED" : result.timedOut ? "COMMAND_TIMEOUT" : "COMMAND_FAILED",
      {
        message: `\`${abridged(result.command)}\` on ${result.machine} ${outcome(result)}`,
        details: [...notes, ...printed(result)],
        cause,
        ...(hint === undefined ? {} : { hint }),
      },
    );
    this.name = `CommandError [${this.code}]`;
    this.machine = result.machine;
    this.user = result.user;
    this.command = result.command;
    this.cwd = result.cwd;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
    this.all = result.all;
    this.exitCode = result.exitCode;
    this.signal = result.signal;
    this.durationMs = result.durationMs;
    this.failed = result.failed;
    this.timedOut = result.timedOut;
    this.isCanceled = result.isCanceled;
    this.isTerminated = result.isTerminated;
    this.isMaxBuffer = result.isMaxBuffer;
    this.pipedFrom = result.pipedFrom;
  }
}

export function isCommandError(value: unknown): value is CommandError {
  return isVmrigError(value) && value.name === `CommandError [${value.code}]`;
}
