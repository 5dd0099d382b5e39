import type { Readable, Writable } from "node:stream";
import type { RemoteProcess } from "../../ssh/remote-process.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { toError } from "../command/outcome/outcome.ts";
import { Running } from "../command/running.ts";
import type { Size } from "./emulator.ts";
import type { ShellOptions } from "./options.ts";

/** A program that runs in the foreground of a terminal. */
export interface TerminalProgram {
  readonly running: Running;
  /** Resolves when the program has started. Rejects when it cannot start. */
  readonly begun: Promise<RemoteProcess>;
  readonly input: Writable;
  readonly output: Readable;
}

export interface TerminalProgramOptions extends Pick<
  ShellOptions,
  "term" | "env" | "cwd" | "signal"
> {
  readonly line: string;
  readonly command: string;
  readonly size: Size;
}

/** Starts a program in the foreground of a terminal. */
export function startProgram(
  context: ExecutionContext,
  { line, command, size, term, env, cwd, signal }: TerminalProgramOptions,
): TerminalProgram {
  const begun = Promise.withResolvers<RemoteProcess>();
  begun.promise.catch(() => {}); // the caller of openShell receives the error
  // The transcript reports the shell in more detail than an observed command.
  const { observer: _, ...unseen } = context;
  const running = new Running(
    unseen,
    () => ({ line, command, foreground: true, attend: begun.resolve }),
    { pty: { ...size, term }, stdin: "pipe", buffer: false, reject: false, env, cwd, signal },
  );
  // Requested immediately: the output is not retained for a late reader.
  const [input, output] = [running.stdin.stream, running.outputs.stdout.stream];
  running.outcome.then((outcome) => begun.reject(toError(outcome)), begun.reject);
  return { running, begun: begun.promise, input, output };
}
