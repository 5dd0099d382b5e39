import type { Readable, Writable } from "node:stream";
import type { Pty } from "./session.ts";
import type { SignalName, StopSignal } from "./signal.ts";

/** A command that has started. */
export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Signals the process group of the command. A signal that arrives between sshd's fork and its
   * setsid finds no process group and is lost.
   */
  signal(name: SignalName): void;
  /** Resizes the terminal and sends SIGWINCH to its foreground process group. */
  resize(size: Pick<Pty, "columns" | "rows">): void;
}

/** Options of `runProcess`. */
export interface ProcessOptions {
  /**
   * Called when the command has started, before any event of its streams. `attend` must read stdout
   * and stderr to their ends, otherwise the command does not end, and must end stdin.
   */
  readonly attend: (process: RemoteProcess) => void;
  readonly pty?: Pty;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Signal that stops the command's process group at the timeout or on abort.
   *
   * @defaultValue `KILL`
   */
  readonly stopSignal?: StopSignal;
  /** Signal that is sent before `stopSignal`, for a command that cleans up. */
  readonly warning?: { readonly signal: SignalName; readonly graceMs: number };
  /** Facts for the error of a lost connection, such as the output so far. */
  readonly said?: () => readonly string[];
}
