import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { CommandResult } from "./command.ts";

/** What a {@link CommandError} says beyond the result itself. */
export interface Circumstances {
  readonly cause?: unknown;
  /** Facts for the person who reads it, one a line. */
  readonly notes: readonly string[];
}

/** A command that failed, with the fields of its result. Recognise it by its `code`, as every error of vmrig. */
export class CommandError extends VmrigError implements CommandResult {
  readonly machine: string;
  readonly user: string;
  readonly command: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;

  constructor(result: CommandResult, { cause, notes }: Circumstances) {
    super(result.isCanceled ? "CANCELLED" : result.timedOut ? "COMMAND_TIMEOUT" : "COMMAND_FAILED", {
      message: `\`${abridged(result.command)}\` on ${result.machine} ${outcome(result)}`,
      details: [...notes, ...output(result)],
      cause,
    });
    this.name = `CommandError [${this.code}]`;
    this.machine = result.machine;
    this.user = result.user;
    this.command = result.command;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
    this.exitCode = result.exitCode;
    this.signal = result.signal;
    this.durationMs = result.durationMs;
    this.failed = result.failed;
    this.timedOut = result.timedOut;
    this.isCanceled = result.isCanceled;
  }
}

function outcome({ isCanceled, timedOut, signal, exitCode, durationMs }: CommandResult): string {
  const after = `${(durationMs / 1000).toFixed(1)} s.`;
  if (isCanceled) return `was cancelled after ${after}`;
  if (timedOut) return `timed out after ${after}`;
  return signal === undefined ? `exited with ${exitCode} after ${after}` : `was ended by ${signal} after ${after}`;
}

/** Short enough for a title: the first line, at most 120 characters of it. */
export function abridged(command: string): string {
  const [line = "", ...more] = command.trim().split("\n");
  return line.length > 120 || more.length > 0 ? `${line.slice(0, 120)} …` : line;
}

const TAIL_LINES = 10;

function output({ stdout, stderr }: CommandResult): string[] {
  const parts = [tail("stderr", stderr), tail("stdout", stdout)].filter((part) => part.length > 0);
  return parts.length === 0 ? ["it printed nothing"] : parts.flat();
}

function tail(title: string, text: string): string[] {
  if (text.trim() === "") return [];
  const lines = text.replace(/\n$/, "").split("\n");
  const left = lines.length - TAIL_LINES;
  return [
    `${title}${left > 0 ? `, last ${TAIL_LINES} of ${lines.length} lines` : ""}:`,
    ...lines.slice(-TAIL_LINES).map((line) => `  ${line}`),
  ];
}

export function isCommandError(value: unknown): value is CommandError {
  return isVmrigError(value) && value.name === `CommandError [${value.code}]`;
}
