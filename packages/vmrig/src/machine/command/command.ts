import type { Readable, Writable } from "node:stream";
import type { OptionNames } from "../../errors/check-options.ts";
import type { KillSignal } from "./kill-signal.ts";
import type { CommandResult } from "./outcome/command-result.ts";

export interface PipeOptions {
  /** @defaultValue `stdout` */
  readonly from?: "stdout" | "stderr" | "all" | undefined;
}

export const PIPE_OPTIONS: OptionNames<PipeOptions> = { from: true };

/**
 * Returned by `pipe`: the outcome of the last command. Its `pipedFrom` has the other outcomes.
 * Rejects when any of the commands failed.
 */
export interface PipePromise<Output = string> extends Promise<CommandResult<Output>> {
  pipe<Next>(destination: CommandPromise<Next>, options?: PipeOptions): PipePromise<Next>;
  /**
   * Pipes into a stream and ends the stream. The result contains the piped output only with
   * `buffer: true`.
   */
  pipe(destination: Writable, options?: PipeOptions): Promise<CommandResult<Output | undefined>>;
}

/** A running command. It starts immediately, as in execa. */
export interface CommandPromise<Output = string>
  extends PipePromise<Output>, AsyncIterable<string> {
  /**
   * Input of the command. It is closed from the start unless the option `stdin: "pipe"` is set or
   * this property is read right after the call.
   */
  readonly stdin: Writable;
  /**
   * Output of the command as it arrives. A stream that is requested late begins with the retained
   * output.
   */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Both outputs, interleaved in the order of arrival. */
  readonly all: Readable;
  /**
   * Signals the command's process group. Does nothing after the command has ended. A failure of the
   * command no longer causes an unhandled rejection.
   */
  kill(signal?: KillSignal): void;
  /**
   * Resolves with the result when the command has ended, also after a failure.
   *
   * @throws VmrigError when the connection was lost, or when the command could not be started
   */
  waitForExit(): Promise<CommandResult<Output>>;
  /**
   * Iterates over the lines of stdout as they arrive. Throws at the end when the command failed.
   * Leaving the loop early kills the command.
   */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined>;
}
