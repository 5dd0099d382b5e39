import type { ClientChannel } from "ssh2";
import type { ErrorFacts } from "../errors/vmrig-error.ts";
import { ConnectionLostError } from "./connection-lost.ts";
import type { Session } from "./session.ts";
import { open } from "./open-session.ts";
import { sendSignal } from "./signal.ts";
import { sendStopSignals } from "./stop-signals.ts";
import { keepReceiveWindowClosed } from "./ssh2-patches/receive-window.ts";
import type { Ending } from "./ending.ts";
import type { ProcessOptions } from "./remote-process.ts";

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

      const stop = (why: "timed-out" | "aborted"): void => {
        if (ended !== "exited") return;
        ended = why;
        lingered = exit !== undefined;
        sendStopSignals({ channel: () => channel, sleep, stopSignal, warning }).then(
          () => {
            channel?.close();
            finish();
          },
          () => {}, // it ended in time
        );
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
    hint: "the machine may have rebooted or been rolled back while the command ran",
    cause: closed.reason,
  };
  return new ConnectionLostError(true, facts, hungUp());
}
