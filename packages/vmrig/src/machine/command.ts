import type { Duration } from "./duration.ts";

export interface CommandOptions {
  /** Whether a command that fails, times out or is cancelled throws. A lost connection always does. @defaultValue true */
  readonly reject?: boolean | undefined;
  /** After it the command's process group is killed. Counts from when the machine was asked. @defaultValue none */
  readonly timeout?: Duration | undefined;
  /** All of stdin. @defaultValue empty */
  readonly input?: string | Uint8Array | undefined;
  /** Added to the environment of the session; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Relative to the user's home. @defaultValue the user's home */
  readonly cwd?: string | undefined;
  /** Kills the command's process group when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** @defaultValue true */
  readonly stripFinalNewline?: boolean | undefined;
}

/** How a command ended. A {@link CommandError} has the same fields. Plain data. */
export interface CommandResult {
  /** `pc1` */
  readonly machine: string;
  readonly user: string;
  /** The shell line, values quoted. */
  readonly command: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Missing when a signal ended the shell, or when the machine did not confirm that a stopped command is gone. */
  readonly exitCode: number | undefined;
  /** `SIGKILL`. */
  readonly signal: string | undefined;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
}

/** Begins at once, as in execa. */
export type CommandPromise = Promise<CommandResult>;
