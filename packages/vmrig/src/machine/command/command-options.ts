import type { Readable } from "node:stream";
import { checkOptions, type OptionNames } from "../../errors/check-options.ts";
import type { Duration } from "../duration-option.ts";
import type { KillSignal } from "./kill-signal.ts";

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

const TERMINAL: OptionNames<Terminal> = { columns: true, rows: true, term: true };

const COMMAND_OPTIONS: OptionNames<CommandOptions> = {
  reject: true,
  timeout: true,
  input: true,
  stdin: true,
  env: true,
  cwd: true,
  signal: true,
  encoding: true,
  lines: true,
  all: true,
  buffer: true,
  maxBuffer: true,
  stripFinalNewline: true,
  shell: true,
  pty: true,
  killSignal: true,
  forceKillAfterDelay: true,
};

/**
 * Checks the options of a command.
 *
 * @param known the function's options, which may differ from those of a command
 * @throws VmrigError `COMMAND_INVALID`
 */
export function checkCommandOptions(
  of: string,
  options: CommandOptions | undefined,
  known: Readonly<Record<string, true>> = COMMAND_OPTIONS,
): void {
  checkOptions(of, options, known);
  if (typeof options?.pty === "object") checkOptions(`\`pty\` of ${of}`, options.pty, TERMINAL);
}
