import type { Readable, Writable } from "node:stream";
import type { Duration } from "../duration-option.ts";

/** Signals that `kill()` can send: those that OpenSSH passes on. */
export type KillSignal = "SIGHUP" | "SIGINT" | "SIGKILL" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/** Text or bytes, or chunks of either. */
export type Input =
  | string
  | Uint8Array
  | Readable
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

export interface Terminal {
  /** @defaultValue 80 */
  readonly columns?: number | undefined;
  /** @defaultValue 24 */
  readonly rows?: number | undefined;
  /** Value of `TERM` for the command. @defaultValue `xterm-256color` */
  readonly term?: string | undefined;
}

export interface CommandOptions {
  /**
   * Whether a failure, a timeout or a cancellation throws. A lost connection always throws.
   *
   * @defaultValue true
   */
  readonly reject?: boolean | undefined;
  /**
   * Time limit, counted from the request to the machine. The command's process group is killed when
   * it expires.
   *
   * @defaultValue none
   */
  readonly timeout?: Duration | undefined;
  /** The complete content of stdin. @defaultValue empty */
  readonly input?: Input | undefined;
  /**
   * `pipe` keeps stdin open for writing through the handle's `stdin`. Reading the handle's `stdin`
   * property right after the call has the same effect.
   *
   * @defaultValue `ignore`
   */
  readonly stdin?: "ignore" | "pipe" | undefined;
  /** Variables added to the environment of the session. `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Working directory; relative paths start in the user's home. @defaultValue the user's home */
  readonly cwd?: string | undefined;
  /**
   * Kills the command's process group when the signal aborts. The end of the test also kills it.
   */
  readonly signal?: AbortSignal | undefined;
  /** `buffer` returns the output as bytes and `utf8` as text. @defaultValue `utf8` */
  readonly encoding?: "utf8" | "buffer" | undefined;
  /** Whether the output is split into a list of lines. @defaultValue false */
  readonly lines?: boolean | undefined;
  /**
   * Whether the result has `all`: stdout and stderr interleaved in the order of arrival.
   *
   * @defaultValue false
   */
  readonly all?: boolean | undefined;
  /** Whether the output is kept for the result. @defaultValue true */
  readonly buffer?: boolean | undefined;
  /**
   * Maximum number of bytes kept of each output. A command that prints more is killed and fails.
   *
   * @defaultValue 100_000_000
   */
  readonly maxBuffer?: number | undefined;
  /** @defaultValue true */
  readonly stripFinalNewline?: boolean | undefined;
  /** Shell that runs the line: `bash`, `/bin/zsh`. @defaultValue the login user's shell */
  readonly shell?: string | undefined;
  /** Runs the command at a terminal. All of its output is then stdout. @defaultValue false */
  readonly pty?: boolean | Terminal | undefined;
  /**
   * First signal that `kill()`, the timeout and an abort send.
   *
   * @defaultValue `SIGTERM` for `kill()`, otherwise `SIGKILL`
   */
  readonly killSignal?: KillSignal | undefined;
  /**
   * Delay between another signal and the SIGKILL that follows it. With `false`, `kill()` never
   * sends SIGKILL.
   *
   * @defaultValue 5 s
   */
  readonly forceKillAfterDelay?: Duration | false | undefined;
}

/** Type of a command's output, derived from the options. */
export type OutputOf<Options> = Options extends { readonly buffer: false }
  ? undefined
  : Options extends { readonly encoding: "buffer" }
    ? Uint8Array
    : Options extends { readonly lines: true }
      ? string[]
      : string;

/** Options bound one after the other. The last value of an option wins. */
export type Merged<First, Second> = Omit<First, keyof Second> & Second;

/** Result of a command. A {@link CommandError} has the same fields. Plain data. */
export interface CommandResult<Output = string> {
  /** `pc1` */
  readonly machine: string;
  readonly user: string;
  /** The shell line with its values quoted. */
  readonly command: string;
  /** Value of the option `cwd`. */
  readonly cwd?: string | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Present with the option `all`. */
  readonly all?: Output | undefined;
  /**
   * Missing when a signal ended the shell, or when the machine did not confirm that a stopped
   * command has ended.
   */
  readonly exitCode: number | undefined;
  /** Name of the signal that ended the command, such as `SIGKILL`. */
  readonly signal: string | undefined;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isTerminated: boolean;
  readonly isMaxBuffer: boolean;
  /** Results or errors of the commands whose output was piped into this command. */
  readonly pipedFrom: ReadonlyArray<CommandResult<unknown>>;
}

export interface PipeOptions {
  /** @defaultValue `stdout` */
  readonly from?: "stdout" | "stderr" | "all" | undefined;
}

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
