import { ConnectionLostError } from "../../ssh/connection-lost.ts";
import { STOP_GRACE_MS, type Ending } from "../../ssh/process.ts";
import type { CommandOptions, CommandResult } from "./command.ts";
import { CommandError, type CommandErrorFacts } from "./error.ts";
import { splitLines } from "./lines.ts";
import type { OutputBuffer } from "./output-buffer.ts";

/** Reason why this side ended a command. Timeouts are recorded separately. */
export type Stop =
  | { readonly why: "cancelled" | "input"; readonly reason: unknown }
  | { readonly why: "overflow"; readonly output: string; readonly maxBytes: number }
  /** `unread`: the reader of the output has gone. */
  | { readonly why: "killed" | "unread" };

export interface Outcome {
  readonly result: CommandResult<unknown>;
  readonly circumstances: CommandErrorFacts;
  readonly throws: boolean;
  /**
   * Whether the machine was taken away. This is not an outcome of the command and always throws,
   * regardless of `reject`.
   */
  readonly taken: boolean;
  readonly stop: Stop | undefined;
}

export interface OutcomeFacts {
  readonly machine: string;
  readonly user: string;
  readonly command: string;
  readonly outputs: {
    readonly stdout: OutputBuffer;
    readonly stderr: OutputBuffer;
    readonly all: OutputBuffer | undefined;
  };
  readonly options: CommandOptions;
  readonly ending: Ending;
  readonly began: boolean;
  readonly stop: Stop | undefined;
  /** Whether the machine was taken away. */
  readonly taken: boolean;
}

export function toOutcome({
  machine,
  user,
  command,
  outputs,
  options,
  ending,
  began,
  stop,
  taken,
}: OutcomeFacts): Outcome {
  const { exitCode, signal, ended, durationMs } = ending;
  const timedOut = ended === "timed-out";
  // A stop request counts only if it arrived in time. A command that had already ended keeps its
  // own result.
  const stopped = ended === "aborted" || (stop?.why === "overflow" && !timedOut) ? stop : undefined;
  const failed = ended !== "exited" || stopped !== undefined || exitCode !== 0;
  const isCanceled = stopped?.why === "cancelled";
  const result: CommandResult<unknown> = {
    machine,
    user,
    command,
    cwd: options.cwd,
    stdout: shown(outputs.stdout, options),
    stderr: shown(outputs.stderr, options),
    all: outputs.all === undefined ? undefined : shown(outputs.all, options),
    exitCode,
    signal,
    durationMs,
    failed,
    timedOut,
    isCanceled,
    isTerminated: signal !== undefined,
    isMaxBuffer: stopped?.why === "overflow",
    pipedFrom: [],
  };
  const cause = stopped !== undefined && "reason" in stopped ? stopped.reason : undefined;
  return {
    result,
    circumstances: {
      notes: [...notesOn(ending, began), ...notesOnStop(stopped)],
      cause,
      ...hintOn(stopped),
    },
    throws: failed && ((options.reject ?? true) || taken),
    taken: failed && taken,
    stop: stopped,
  };
}

export function toError({ result, circumstances }: Outcome): CommandError<unknown> {
  return new CommandError(result, circumstances);
}

/**
 * Returns whether this side ended the command. An unawaited promise then causes no unhandled
 * rejection.
 */
export function isOurs(end: Outcome | Error): boolean {
  if (end instanceof Error) return end instanceof ConnectionLostError && end.hungUp;
  return end.stop !== undefined && end.stop.why !== "overflow" && end.stop.why !== "input";
}

/** Returns the result, or throws the error with which the command's promise rejects. */
export function verdict(outcome: Outcome): CommandResult<unknown> {
  if (outcome.throws) throw toError(outcome);
  return outcome.result;
}

function shown(
  outlet: OutputBuffer,
  { encoding, lines, stripFinalNewline = true }: CommandOptions,
): unknown {
  const bytes = outlet.kept;
  // Bytes stay unchanged: a final newline byte of an image is not a line end.
  if (bytes === undefined || encoding === "buffer") return bytes;
  const text = bytes.toString("utf8");
  if (lines === true) return splitLines(text);
  return stripFinalNewline ? text.replace(/\r?\n$/, "") : text;
}

function notesOn(ending: Ending, began: boolean): string[] {
  if (!began) return ["it was not started"];
  const { lingered, signal, exitCode, ended } = ending;
  if (lingered) {
    return [
      `its shell had ended with ${signal ?? exitCode}, but something it left running keeps its output open: redirect that to a file`,
    ];
  }
  if (ended === "exited" || exitCode !== undefined || signal !== undefined) return [];
  return [`the machine did not confirm its end within ${STOP_GRACE_MS / 1000} s`];
}

function notesOnStop(stop: Stop | undefined): string[] {
  if (stop?.why === "overflow") return [`${stop.output} had more than ${stop.maxBytes} bytes`];
  if (stop?.why === "input") return ["its input could not be read to the end"];
  return stop?.why === "unread" ? ["the reader of its output had ended"] : [];
}

function hintOn(stop: Stop | undefined): { hint: string } | undefined {
  if (stop?.why !== "overflow") return undefined;
  return {
    hint: "raise `maxBuffer`; or set `buffer: false` and read the output as a stream",
  };
}
