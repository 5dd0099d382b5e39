import type { Duplex } from "node:stream";
import { systemClock, type Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { createReplyDeadlines } from "./reply-deadlines.ts";
import { ConnectionLostError } from "./connection-lost.ts";
import { exec, type ExecOptions, type ExecResult } from "./exec.ts";
import { handshake, type Login, type SshTarget } from "./handshake.ts";
import { runProcess, type Ending, type ProcessOptions } from "./process.ts";
import { ANSWER_MS, type Session } from "./session.ts";
import { createListen, type Listen } from "./listen.ts";
import { createSemaphore } from "./semaphore.ts";
import { tunnel, type Destination } from "./tunnel.ts";

export type { SshTarget } from "./handshake.ts";

/** An SSH connection that carries any number of concurrent commands. */
export interface SshConnection extends AsyncDisposable {
  /** Aborts when either side has ended the connection; the reason says why. */
  readonly closed: AbortSignal;
  /**
   * Runs a command line in the login shell of the user. Costs one round trip to open a session and
   * one to start the command, as in raw ssh2.
   *
   * @throws ConnectionLostError when the connection ends first; the signal's reason when it aborts
   *   before the command was sent
   */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /**
   * Runs a command line as `exec` does, for a caller that handles the streams of the command.
   * Throws as `exec` does.
   */
  run(command: string, options: ProcessOptions): Promise<Ending>;
  /**
   * Opens a connection from the machine to a destination, as a byte stream. The caller destroys the
   * stream.
   *
   * @throws TunnelRefusedError with the reason when the machine cannot connect;
   *   ConnectionLostError; the signal's reason
   */
  tunnel(to: Destination, signal?: AbortSignal): Promise<Duplex>;
  /** Makes the machine listen, and passes on each connection that it accepts. */
  readonly listen: Listen;
  /** Ends the connection and every command on it. Waits a second for the server to hang up. */
  close(): Promise<void>;
  /** Ends the connection immediately, for a machine that is about to be removed. */
  hangUp(): void;
}

export interface DialOptions {
  /** The machine's name, for errors. */
  readonly name: string;
  /** @defaultValue 20_000 */
  readonly timeoutMs?: number;
  /**
   * Maximum number of concurrent sessions; further commands wait in the queue.
   *
   * @defaultValue 10, OpenSSH's own `MaxSessions`
   */
  readonly maxSessions?: number;
  /** Aborts dialling. It does not end an established connection. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Logs in. Retries until its deadline while the connection is refused or the peer hangs up: a
 * machine that has just resumed does both.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline, with the last observation
 * @throws VmrigError `HOST_KEY_MISMATCH` and `LOGIN_REFUSED`, immediately
 */
export async function dial(target: SshTarget, options: DialOptions): Promise<SshConnection> {
  const { name, timeoutMs = 20_000, signal, clock = systemClock, maxSessions = 10 } = options;
  const login = await waitFor<Login>({
    what: `SSH at ${target.host}:${target.port}`,
    on: name,
    timeoutMs,
    intervalMs: 50,
    code: "MACHINE_UNREACHABLE",
    clock,
    ...(signal === undefined ? {} : { signal }),
    probe: (enough) => handshake(target, name, clock, enough),
  });
  return toConnection(login, name, clock, maxSessions);
}

/** How long a server may take to hang up after the client has disconnected. */
const CLOSE_GRACE_MS = 1000;

function toConnection(
  { client, socket }: Login,
  name: string,
  clock: Clock,
  maxSessions: number,
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
