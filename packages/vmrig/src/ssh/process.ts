import type { Readable, Writable } from "node:stream";
import type { ClientChannel } from "ssh2";
import type { ErrorFacts } from "../errors/vmrig-error.ts";
import { ConnectionLostError } from "./connection-lost.ts";
import { open, type Pty, type Session } from "./session.ts";
import { sendSignal, type SignalName, type StopSignal } from "./signal.ts";
import { keepReceiveWindowClosed } from "./ssh2-patches/receive-window.ts";

/** A command that has begun. */
export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Signals its process group. One that comes between sshd's fork and its setsid finds no group,
   * and is lost.
   */
  signal(name: SignalName): void;
  /** Gives its terminal another size, and SIGWINCH to whoever sits there. */
  resize(size: Pick<Pty, "columns" | "rows">): void;
}

export interface ProcessOptions {
  /**
   * Called when the command has begun, before any event of its streams. It must read stdout and
   * stderr to their ends, or the command does not end, and end stdin.
   */
  readonly attend: (process: RemoteProcess) => void;
  readonly pty?: Pty;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** What ends the command's process group at the timeout or on abort. @defaultValue `KILL` */
  readonly stopSignal?: StopSignal;
  /** Sent before it at the timeout or on abort, for a command that wants to clean up. */
  readonly warning?: { readonly signal: SignalName; readonly graceMs: number };
  /** Facts for the error of a lost connection: what it had printed. */
  readonly said?: () => readonly string[];
}

export interface Ending {
  /**
   * Missing when a signal ended the command, or when it was stopped and the machine did not confirm
   * it in time.
   */
  readonly exitCode?: number;
  /**
   * `SIGKILL`. OpenSSH tells it of the shell itself only; a shell reports a child that a signal
   * ended as exit code 128 + n.
   */
  readonly signal?: string;
  /** Whether the command ended of itself, or what stopped it. */
  readonly ended: "exited" | "timed-out" | "aborted";
  /**
   * The shell had ended before the command was stopped, but something it left behind kept the
   * output open.
   */
  readonly lingered: boolean;
  readonly durationMs: number;
}

/** How long a command that was told to stop may take to be gone. */
export const STOP_GRACE_MS = 2000;
const STOP_SIGNALS = 10;

/**
 * Runs one command on one channel. Its outcome, stopped or not, is a value.
 *
 * @throws ConnectionLostError; VmrigError `MACHINE_UNREACHABLE` when the server opens no session;
 *   the signal's reason when it has aborted
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
  /** Made where something sleeps: most commands end before anybody looks at a clock. */
  let alarms: AbortController | undefined;
  const sleep = (ms: number): Promise<void> =>
    clock.sleep(ms, (alarms ??= new AbortController()).signal);
  let abort = (): void => {};

  try {
    return await new Promise<Ending>((resolve, reject) => {
      const finish = (): void =>
        resolve({ ...exit, ended, lingered, durationMs: clock.monotonic() - start });

      // Again and again: a signal that comes between sshd's fork and its setsid finds no process
      // group, and is dropped.
      const persuade = async (): Promise<void> => {
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
        persuade().catch(() => {});
      };
      if (timeoutMs !== undefined) {
        sleep(timeoutMs).then(
          () => stop("timed-out"),
          () => {},
        );
      }
      abort = () => stop("aborted");
      signal?.addEventListener("abort", abort, { once: true });

      // Called by ssh2 while it reads packets: what follows in the same chunk, perhaps the exit
      // code, finds listeners only if they are set here.
      const attend = (opened: ClientChannel): void => {
        channel = opened;
        // A command that does not read its input may be gone before all of it was sent: its exit
        // code tells the story.
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
        // Nobody knows whether a command that is given up while it is started has begun; what gave
        // it up is the better news.
        if (ended === "exited" || closed.aborted) reject(error);
      });
    });
  } finally {
    over = true;
    signal?.removeEventListener("abort", abort);
    alarms?.abort();
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
