import type { Readable, Writable } from "node:stream";
import type { ClientChannel } from "ssh2";
import type { ErrorFacts } from "../errors/vmrig-error.ts";
import { ConnectionLostError } from "./connection-lost.ts";
import { open, type Pty, type Session } from "./session.ts";
import { sendSignal, type SignalName, type StopSignal } from "./signal.ts";
import { keepReceiveWindowClosed } from "./ssh2-patches/receive-window.ts";

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

/** Options of {@link runProcess}. */
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

/** Outcome of a command. */
export interface Ending {
  /**
   * Missing when a signal ended the command, or when the machine did not confirm in time that it
   * stopped.
   */
  readonly exitCode?: number;
  /**
   * `SIGKILL`. OpenSSH reports the signal of the shell only. A shell reports a child that was ended
   * by a signal as exit code 128 + n.
   */
  readonly signal?: string;
  /** Whether the command exited, or why it was stopped. */
  readonly ended: "exited" | "timed-out" | "aborted";
  /**
   * Whether the shell had already ended when the command was stopped, while a process that it left
   * behind kept the output open.
   */
  readonly lingered: boolean;
  readonly durationMs: number;
}

/** How long a command may take to end after the stop signal. */
export const STOP_GRACE_MS = 2000;
const STOP_SIGNALS = 10;

/**
 * Runs one command on one channel. Returns the outcome as a value, also when the command was
 * stopped.
 *
 * @throws ConnectionLostError; VmrigError `MACHINE_UNREACHABLE` when the server opens no session;
 *   the signal's reason when it has already aborted
 */
export async function runProcess(
  session: Session,
  command: string,
  options: ProcessOptions,
): Promise<Ending> {
  const { clock, closed } = session;
  const { signal, timeoutMs, stopSignal = "KILL", warning } = options;
  signal?.throwIfAborted();
  const start = clock.monotonic();
  let channel: ClientChannel | undefined;
  let exit: { readonly exitCode?: number; readonly signal?: string } | undefined;
  let ended: Ending["ended"] = "exited";
  let lingered = false;
  let over = false;
  /** Created with the first timer: most commands end before any timer is needed. */
  let timers: AbortController | undefined;
  const sleep = (ms: number): Promise<void> =>
    clock.sleep(ms, (timers ??= new AbortController()).signal);
  let abort = (): void => {};

  try {
    return await new Promise<Ending>((resolve, reject) => {
      const finish = (): void =>
        resolve({ ...exit, ended, lingered, durationMs: clock.monotonic() - start });

      // Sends the signal several times: a signal that arrives between sshd's fork and its setsid
      // finds no process group and is dropped.
      const sendStopSignals = async (): Promise<void> => {
        if (warning !== undefined) {
          if (channel !== undefined) sendSignal(channel, warning.signal);
          await sleep(warning.graceMs);
        }
        for (let sent = 0; sent < STOP_SIGNALS; sent += 1) {
          if (channel !== undefined) sendSignal(channel, stopSignal);
          await sleep(STOP_GRACE_MS / STOP_SIGNALS);
        }
        channel?.close();
        finish();
      };
      const stop = (why: "timed-out" | "aborted"): void => {
        if (ended !== "exited") return;
        ended = why;
        lingered = exit !== undefined;
        sendStopSignals().catch(() => {});
      };
      if (timeoutMs !== undefined) {
        sleep(timeoutMs).then(
          () => stop("timed-out"),
          () => {},
        );
      }
      abort = () => stop("aborted");
      signal?.addEventListener("abort", abort, { once: true });

      // ssh2 calls this while it reads packets. Later packets of the same chunk, perhaps the exit
      // code, find only listeners that are registered here.
      const attend = (opened: ClientChannel): void => {
        channel = opened;
        // A command that does not read its input may end before all of the input was sent. Its exit
        // code is the relevant result.
        opened.on("error", () => {});
        if (over) {
          opened.close();
          return;
        }
        opened.on("exit", (code: number | null, signal?: string) => {
          exit = code === null ? { signal: signal ?? "SIGUNKNOWN" } : { exitCode: code };
        });
        keepReceiveWindowClosed(opened);
        let open = 2;
        const close = (): void => {
          open -= 1;
          if (open > 0) return;
          if (exit !== undefined || ended !== "exited") finish();
          else reject(lost(session, clock.monotonic() - start, options.said?.() ?? []));
        };
        opened.on("close", close);
        opened.stderr.on("close", close);
        options.attend({
          stdin: opened,
          stdout: opened,
          stderr: opened.stderr,
          signal: (name) => sendSignal(opened, name),
          resize: ({ columns, rows }) => opened.setWindow(rows, columns, 0, 0),
        });
        if (ended !== "exited") sendSignal(opened, stopSignal);
      };
      open(session, command, {
        attend,
        ...(signal && { signal }),
        ...(options.pty && { pty: options.pty }),
      }).catch((error: unknown) => {
        // It is unknown whether a command that is aborted during its start has begun. The abort is
        // the more useful result.
        if (ended === "exited" || closed.aborted) reject(error);
      });
    });
  } finally {
    over = true;
    signal?.removeEventListener("abort", abort);
    timers?.abort();
  }
}

function lost(
  { name, closed, hungUp }: Session,
  afterMs: number,
  said: readonly string[],
): ConnectionLostError {
  const facts: ErrorFacts = {
    message: `The SSH connection to ${name} was lost ${(afterMs / 1000).toFixed(1)} s into a command.`,
    details: said,
    hint: "the machine may have rebooted or been rolled back under the command",
    cause: closed.reason,
  };
  return new ConnectionLostError(true, facts, hungUp());
}
