import type { Readable, Writable } from "node:stream";
import type { Duration } from "../duration-option.ts";

/** What `kill()` may send: what OpenSSH passes on. */
export type KillSignal = "SIGHUP" | "SIGINT" | "SIGKILL" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/** Text, or bytes, or pieces of either as they come. */
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
  /** What the command finds in TERM. @defaultValue `xterm-256color` */
  readonly term?: string | undefined;
}

export interface CommandOptions {
  /**
   * Whether a command that fails, times out or is cancelled throws. A lost connection always does.
   *
   * @defaultValue true
   */
  readonly reject?: boolean | undefined;
  /**
   * After it the command's process group is killed. Counts from when the machine was asked.
   *
   * @defaultValue none
   */
  readonly timeout?: Duration | undefined;
  /** All of stdin. @defaultValue empty */
  readonly input?: Input | undefined;
  /**
   * `pipe` keeps stdin open for the handle's `stdin`, which also happens when that is asked for at
   * once.
   *
   * @defaultValue `ignore`
   */
  readonly stdin?: "ignore" | "pipe" | undefined;
  /** Added to the environment of the session; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Relative to the user's home. @defaultValue the user's home */
  readonly cwd?: string | undefined;
  /**
   * Kills the command's process group when it aborts. The end of the test's time does so in any
   * case.
   */
  readonly signal?: AbortSignal | undefined;
  /** `buffer`: the output as it is, not as text. @defaultValue `utf8` */
  readonly encoding?: "utf8" | "buffer" | undefined;
  /** Whether the output is a list of lines. @defaultValue false */
  readonly lines?: boolean | undefined;
  /** Whether the result has `all`: both outputs, as they came. @defaultValue false */
  readonly all?: boolean | undefined;
  /** Whether the output is kept for the result. @defaultValue true */
  readonly buffer?: boolean | undefined;
  /**
   * How many bytes of each output may be kept; a command that prints more is killed and has failed.
   *
   * @defaultValue 100_000_000
   */
  readonly maxBuffer?: number | undefined;
  /** @defaultValue true */
  readonly stripFinalNewline?: boolean | undefined;
  /** The shell that the line is for: `bash`, `/bin/zsh`. @defaultValue the login user's */
  readonly shell?: string | undefined;
  /** Gives the command a terminal; all of its output is then stdout. @defaultValue false */
  readonly pty?: boolean | Terminal | undefined;
  /**
   * What `kill()`, the timeout and an abort send first.
   *
   * @defaultValue `SIGTERM` for `kill()`, else `SIGKILL`
   */
  readonly killSignal?: KillSignal | undefined;
  /**
   * How long after another signal SIGKILL follows; `false`: never after `kill()`.
   *
   * @defaultValue 5 s
   */
  readonly forceKillAfterDelay?: Duration | false | undefined;
}

/** What a command's output is, by its options. */
export type OutputOf<Options> = Options extends { readonly buffer: false }
  ? undefined
  : Options extends { readonly encoding: "buffer" }
    ? Uint8Array
    : Options extends { readonly lines: true }
      ? string[]
      : string;

/** Options bound one after the other: the last one counts. */
export type Merged<First, Second> = Omit<First, keyof Second> & Second;

/** How a command ended. A {@link CommandError} has the same fields. Plain data. */
export interface CommandResult<Output = string> {
  /** `pc1` */
  readonly machine: string;
  readonly user: string;
  /** The shell line, values quoted. */
  readonly command: string;
  /** As the option had it. */
  readonly cwd?: string | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
  /** With the option `all`. */
  readonly all?: Output | undefined;
  /**
   * Missing when a signal ended the shell, or when the machine did not confirm that a stopped
   * command is gone.
   */
  readonly exitCode: number | undefined;
  /** `SIGKILL`. */
  readonly signal: string | undefined;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isTerminated: boolean;
  readonly isMaxBuffer: boolean;
  /** The results or errors of the commands that were piped into it. */
  readonly pipedFrom: ReadonlyArray<CommandResult<unknown>>;
}

export interface PipeOptions {
  /** @defaultValue `stdout` */
  readonly from?: "stdout" | "stderr" | "all" | undefined;
}

/**
 * What `pipe` gives back: the outcome of the last command, whose `pipedFrom` has the others. Throws
 * when any of them failed.
 */
export interface PipePromise<Output = string> extends Promise<CommandResult<Output>> {
  pipe<Next>(destination: CommandPromise<Next>, options?: PipeOptions): PipePromise<Next>;
  /** Into a stream, which is ended. The result has what was passed on only with `buffer: true`. */
  pipe(destination: Writable, options?: PipeOptions): Promise<CommandResult<Output | undefined>>;
}

/** A command that runs. Begins at once, as in execa. */
export interface CommandPromise<Output = string>
  extends PipePromise<Output>, AsyncIterable<string> {
  /**
   * Closed from the start, but with the option `stdin: "pipe"`, or when it is asked for at once.
   */
  readonly stdin: Writable;
  /** What it prints, as it comes. Asked for late it begins with what was kept. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Both, as they come. */
  readonly all: Readable;
  /**
   * Signals the command's process group. Does nothing once it has ended. Also says that its failure
   * is no surprise.
   */
  kill(signal?: KillSignal): void;
  /**
   * How it ended, also when it failed.
   *
   * @throws VmrigError when the machine was lost, or the command could not be started
   */
  waitForExit(): Promise<CommandResult<Output>>;
  /**
   * The lines of stdout as they come. Throws at the end when the command failed; leaving the loop
   * early kills it.
   */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined>;
}
