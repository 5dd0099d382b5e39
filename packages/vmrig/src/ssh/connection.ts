import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { createReplyDeadlines, ANSWER_MS } from "./reply-deadlines.ts";
import { ConnectionLostError } from "./connection-lost.ts";
import { exec } from "./exec.ts";
import type { Login } from "./handshake.ts";
import { runProcess } from "./process.ts";
import type { Session } from "./session.ts";
import { createListen } from "./create-listen.ts";
import { createSemaphore } from "./semaphore.ts";
import { tunnel } from "./tunnel.ts";
import type { SshConnection } from "./ssh-connection.ts";

/** How long a server may take to hang up after the client has disconnected. */
const CLOSE_GRACE_MS = 1000;

export interface ConnectionOptions {
  /** The machine's name, for errors. */
  readonly name: string;
  readonly clock: Clock;
  /** Maximum number of concurrent sessions. */
  readonly maxSessions: number;
}

/** Wraps an authenticated client. */
export function toConnection(
  { client, socket }: Login,
  { name, clock, maxSessions }: ConnectionOptions,
): SshConnection {
  const sessions = createSemaphore(maxSessions);
  const closed = new AbortController();
  let cause: Error | undefined;
  let closing = false;
  client.on("error", (error) => (cause ??= error));
  const end = (): void => {
    const how = closing
      ? "was closed"
      : cause === undefined
        ? "was ended by the machine"
        : `broke: ${cause.message}`;
    closed.abort(
      new VmrigError("CONNECTION_LOST", {
        message: `The SSH connection to ${name} ${how}.`,
        cause,
      }),
    );
  };
  client.on("close", end);

  const close = async (): Promise<void> => {
    if (closed.signal.aborted) return;
    closing = true;
    const gone = new Promise<void>((resolve) =>
      closed.signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    client.end();
    await Promise.race([gone, clock.sleep(CLOSE_GRACE_MS, closed.signal).catch(() => {})]);
    socket.destroy();
    await gone;
  };

  const session: Session = {
    client,
    name,
    clock,
    closed: closed.signal,
    answers: createReplyDeadlines(clock, ANSWER_MS, closed.signal),
    received: () => socket.bytesRead,
    drop(reason) {
      cause ??= reason;
      socket.destroy();
      end();
    },
    hungUp: () => closing,
  };
  const withSession = async <T>(
    signal: AbortSignal | undefined,
    work: (session: Session) => Promise<T>,
  ): Promise<T> => {
    const release = await sessions.take(signal);
    try {
      if (closed.signal.aborted)
        throw new ConnectionLostError(false, {
          message: (closed.signal.reason as VmrigError).summary,
        });
      return await work(session);
    } finally {
      release();
    }
  };

  return {
    closed: closed.signal,
    exec: (command, options = {}) =>
      withSession(options.signal, (session) => exec(session, command, options)),
    run: (command, options) =>
      withSession(options.signal, (session) => runProcess(session, command, options)),
    tunnel: (to, signal) => tunnel(session, to, signal),
    listen: createListen(session),
    close,
    hangUp() {
      closing = true;
      socket.destroy();
      // ssh2 emits `close` a tick later. Until then, this connection would look open.
      end();
    },
    [Symbol.asyncDispose]: close,
  };
}
