import type { Readable, Writable } from "node:stream";
import type { ClientChannel } from "ssh2";
import { ConnectionLostError } from "./connection-lost.ts";
import { open, type Session } from "./session.ts";
import { sendSignal, type StopSignal } from "./signal.ts";

export interface ExecOptions {
  /** All of stdin; a stream is passed on as it comes. @defaultValue empty */
  readonly input?: string | Uint8Array | Readable;
  /** Where the output goes as it comes; the result has none of it. Neither is ended. */
  readonly output?: { readonly stdout: Writable; readonly stderr: Writable };
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** What ends the command's process group at the timeout or on abort. @defaultValue `KILL` */
  readonly stopSignal?: StopSignal;
}

export interface ExecResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Missing when a signal ended the command, or when it was stopped and the machine did not confirm it in time. */
  readonly exitCode?: number;
  /** `SIGKILL`. OpenSSH tells it of the shell itself only; a shell reports a child that a signal ended as exit code 128 + n. */
  readonly signal?: string;
  /** Whether the command ended of itself, or what stopped it. */
  readonly ended: "exited" | "timed-out" | "aborted";
  /** The shell had ended before the command was stopped, but something it left behind kept the output open. */
  readonly lingered: boolean;
  readonly durationMs: number;
}

/** How long a command that was told to stop may take to be gone. */
export const STOP_GRACE_MS = 2000;
const STOP_SIGNALS = 10;

/** Runs one command on one channel. Its outcome, stopped or not, is a value. */
export function exec({ client, name, clock, closed }: Session, command: string, options: ExecOptions): Promise<ExecResult> {
  const { input, output } = options;
  const start = clock.monotonic();
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const over = new AbortController();
  let channel: ClientChannel | undefined;
  let exit: { readonly exitCode?: number; readonly signal?: string } | undefined;
  let ended: ExecResult["ended"] = "exited";
  let lingered = false;

  return new Promise<ExecResult>((resolve, reject) => {
    const finish = (): void => {
      resolve({
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr),
        ...exit,
        ended,
        lingered,
        durationMs: clock.monotonic() - start,
      });
    };
    // Again and again: a signal that comes between sshd's fork and its setsid finds no process group, and is dropped.
    const persuade = async (): Promise<void> => {
      for (let sent = 0; sent < STOP_SIGNALS; sent += 1) {
        if (channel !== undefined) sendSignal(channel, options.stopSignal ?? "KILL");
        await clock.sleep(STOP_GRACE_MS / STOP_SIGNALS, over.signal);
      }
    };
    const stop = (why: "timed-out" | "aborted"): void => {
      if (ended !== "exited") return;
      ended = why;
      lingered = exit !== undefined;
      persuade().then(
        () => {
          channel?.close();
          finish();
        },
        () => {},
      );
    };

    if (options.timeoutMs !== undefined) {
      clock.sleep(options.timeoutMs, over.signal).then(
        () => stop("timed-out"),
        () => {},
      );
    }
    options.signal?.addEventListener("abort", () => stop("aborted"), { once: true, signal: over.signal });

    // Called by ssh2 while it reads packets: what follows in the same chunk, perhaps the exit code, finds listeners only if they are set here.
    const attend = (opened: ClientChannel): void => {
      channel = opened;
      if (output === undefined) {
        opened.on("data", (chunk: Buffer) => stdout.push(chunk));
        opened.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
      } else {
        opened.pipe(output.stdout, { end: false });
        opened.stderr.pipe(output.stderr, { end: false });
      }
      opened.on("exit", (code: number | null, signal?: string) => {
        exit = code === null ? { signal: signal ?? "SIGUNKNOWN" } : { exitCode: code };
      });
      opened.on("close", () => {
        if (exit !== undefined || ended !== "exited") finish();
        else reject(lost(name, clock.monotonic() - start, Buffer.concat([...stdout, ...stderr]).length, closed));
      });
      // A command that does not read its input may be gone before all of it was sent: its exit code tells the story.
      opened.on("error", () => {});
      if (ended !== "exited") sendSignal(opened, options.stopSignal ?? "KILL");
      if (over.signal.aborted) opened.close();
      else if (isStream(input)) input.pipe(opened);
      else opened.end(input);
    };
    open({ client, name, clock, closed }, command, attend, options.signal).catch(reject);
  }).finally(() => {
    over.abort();
    if (isStream(input) && channel !== undefined) input.unpipe(channel);
  });
}

function isStream(input: ExecOptions["input"]): input is Readable {
  return typeof input === "object" && "pipe" in input;
}

function lost(name: string, afterMs: number, printed: number, closed: AbortSignal): ConnectionLostError {
  return new ConnectionLostError(true, {
    message: `The SSH connection to ${name} was lost ${(afterMs / 1000).toFixed(1)} s into a command.`,
    details: [`it had printed ${printed} bytes`],
    hint: "the machine may have rebooted or been rolled back under the command",
    cause: closed.reason,
  });
}
