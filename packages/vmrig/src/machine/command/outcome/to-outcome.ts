import type { Ending } from "../../../ssh/ending.ts";
import type { CommandResult } from "./command-result.ts";
import type { CommandOptions } from "../command-options.ts";
import { splitLines } from "../lines.ts";
import type { OutputBuffer } from "../output-buffer.ts";
import { notesOn, notesOnStop, hintOn } from "./notes.ts";
import type { Stop, Outcome } from "./outcome.ts";

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
