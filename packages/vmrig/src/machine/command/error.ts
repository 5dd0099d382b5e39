import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import type { CommandResult } from "./command.ts";

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

export function outcome({
  isCanceled,
  timedOut,
  isMaxBuffer,
  signal,
  exitCode,
  durationMs,
}: CommandResult<unknown>): string {
  const after = `after ${(durationMs / 1000).toFixed(1)} s.`;
  if (isCanceled) return `was cancelled ${after}`;
  if (timedOut) return `timed out ${after}`;
  if (isMaxBuffer) return `printed more than its \`maxBuffer\` and was killed ${after}`;
  if (signal !== undefined) return `was ended by ${signal} ${after}`;
  return exitCode === undefined ? `was killed ${after}` : `exited with ${exitCode} ${after}`;
}

/** Shortens a command for a title: its first line, at most 120 characters. */
export function abridged(command: string): string {
  const [line = "", ...more] = command.trim().split("\n");
  return line.length > 120 || more.length > 0 ? `${line.slice(0, 120)} …` : line;
}

const TAIL_LINES = 10;
/** A single line may contain the whole output, so the tail is limited in bytes. */
const TAIL_BYTES = 4096;

/** Returns the end of a command's output, one fact per line. */
export function printed({
  stdout,
  stderr,
}: {
  readonly stdout: unknown;
  readonly stderr: unknown;
}): string[] {
  const parts = [tail("stderr", stderr), tail("stdout", stdout)].flat();
  return parts.length === 0 ? ["it printed nothing"] : parts;
}

function toText(output: unknown): string {
  if (output instanceof Uint8Array)
    return Buffer.from(output.subarray(-TAIL_BYTES)).toString("utf8");
  return Array.isArray(output) ? output.join("\n") : typeof output === "string" ? output : "";
}

function tail(title: string, output: unknown): string[] {
  if (output === undefined) return [`its ${title} was not kept`];
  const text = toText(output);
  if (text.trim() === "") return [];
  const lines = text.replace(/\n$/, "").split("\n");
  const left = lines.length - TAIL_LINES;
  return [
    `${title}${left > 0 ? `, last ${TAIL_LINES} of ${lines.length} lines` : ""}:`,
    ...lines
      .slice(-TAIL_LINES)
      .map((line) => `  ${line.length > TAIL_BYTES ? `… ${line.slice(-TAIL_BYTES)}` : line}`),
  ];
}

export function isCommandError(value: unknown): value is CommandError {
  return isVmrigError(value) && value.name === `CommandError [${value.code}]`;
}
