import type { Readable } from "node:stream";
import { isVmrigError, VmrigError } from "../../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../../command/execution-context.ts";
import { isCommandError } from "../../command/outcome/error.ts";
import { verdict } from "../../command/outcome/outcome.ts";
import { Running } from "../../command/running.ts";
import { onAbort } from "../../on-abort.ts";
import { fileFailed, TIDY, toFileError, toLine, type Task } from "../attempt.ts";
import { readTarMessages, type TarNotes } from "./tar-messages.ts";

export interface StreamCommand<Value> {
  readonly task: Task;
  readonly line: string;
  readonly input?: Buffer;
  readonly signal: AbortSignal | undefined;
  /**
   * Reads the output while the command runs, until `stopped` aborts. When it fails, the command is
   * stopped.
   */
  readonly read: (output: Readable, stopped: AbortSignal) => Promise<Value>;
}

/**
 * Runs a line whose output is read as a stream. Notes of `tar` about single files are no failure.
 *
 * @throws VmrigError `FILE_FAILED` when the line fails
 */
export async function streamCommand<Value>(
  context: ExecutionContext,
  { task, line, input, signal, read }: StreamCommand<Value>,
): Promise<{ readonly value: Value; readonly notes: TarNotes }> {
  const running = new Running(context, () => toLine(task, line), { ...TIDY, input, signal });
  const stopped = new AbortController();
  const unsubscribe = onAbort([signal, context.signal, context.scope?.()], (reason) =>
    stopped.abort(reason),
  );
  const reading = read(running.outputs.passOn("stdout").stream, stopped.signal)
    .then(
      (value) => ({ value }),
      (error: unknown) => {
        running.stop({ why: "unread" });
        return { error };
      },
    )
    .finally(unsubscribe);
  const said = (): string => running.outputs.kept().stderr?.toString("latin1") ?? "";
  try {
    const outcome = await running.outcome;
    if (outcome.stop?.why !== "unread") verdict(outcome);
  } catch (error) {
    // Failing to read the output is only a consequence of a failed command.
    stopped.abort(error);
    const result = await reading;
    const notes = readTarMessages(said());
    if (!isExit(error) || "error" in result) throw toFileError(context, task, error);
    if (isAboutFiles(notes)) return { value: result.value, notes };
    const [, reason] = /^(?:tar|find): (.+: .+)$/m.exec(said()) ?? [];
    throw reason === undefined
      ? toFileError(context, task, error)
      : fileFailed(context, task, reason, error);
  }
  const result = await reading;
  if ("error" in result)
    throw stopped.signal.aborted ? cancelled(context, task, stopped.signal.reason) : result.error;
  return { value: result.value, notes: readTarMessages(said()) };
}

/** The machine had sent everything, but a program that reads a local FIFO had not taken it. */
function cancelled({ name }: ExecutionContext, { path }: Task, reason: unknown): VmrigError {
  if (isVmrigError(reason)) return reason;
  return new VmrigError("CANCELLED", {
    message: `The download of ${path} from ${name} was cancelled.`,
    cause: reason,
  });
}

/** Whether a command ended with the exit code of a `tar` that read everything it could. */
function isExit(error: unknown): boolean {
  return (
    isCommandError(error) &&
    error.code === "COMMAND_FAILED" &&
    (error.exitCode === 1 || error.exitCode === 2)
  );
}

function isAboutFiles({ missing, changed, others }: TarNotes): boolean {
  return others.length === 0 && missing.length + changed.length > 0;
}
