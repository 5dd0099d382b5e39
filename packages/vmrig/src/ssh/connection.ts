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

/** One SSH connection, which carries any number of commands at a time. */
export interface SshConnection extends AsyncDisposable {
  /** Aborts when the connection has ended, by whichever side; the reason says why. */
  readonly closed: AbortSignal;
  /**
   * Runs a line in the login shell of the user. One round trip to open a session and one to start,
   * as in raw ssh2.
   *
   * @throws ConnectionLostError when the connection ends first; the signal's reason when it aborts
   *   before the command was sent
   */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /**
   * Runs a line as `exec` does, for whoever takes the streams of the command himself. Throws as
   * `exec` does.
   */
  run(command: string, options: ProcessOptions): Promise<Ending>;
  /**
   * A connection that the machine makes, as bytes. Whoever opens it destroys it.
   *
   * @throws TunnelRefusedError when the machine does not, with its reason; ConnectionLostError; the
   *   signal's reason
   */
  tunnel(to: Destination, signal?: AbortSignal): Promise<Duplex>;
  /** Has the machine listen, and passes on who connects there. */
  readonly listen: Listen;
  /**
   * Ends the connection and with it what still runs on it. Waits a second for the server to hang
   * up.
   */
  close(): Promise<void>;
  /** Ends the connection at once, for a machine that is about to be taken away. */
  hangUp(): void;
}

export interface DialOptions {
  /** The machine's name, for errors. */
  readonly name: string;
  /** @defaultValue 20_000 */
  readonly timeoutMs?: number;
  /**
   * Sessions at a time; commands beyond it wait in line.
   *
   * @defaultValue 10, OpenSSH's own `MaxSessions`
   */
  readonly maxSessions?: number;
  /** Gives up dialling. It does not end a connection that stands. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Logs in. Tries again within its deadline while nobody listens or the peer hangs up: a machine
 * that has just resumed does both.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline, with the last observation
 * @throws VmrigError `HOST_KEY_MISMATCH` and `LOGIN_REFUSED`, at once
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

/** How long a server may take to hang up after it was told goodbye. */
const CLOSE_GRACE_MS = 1000;

function toConnection(
  { client, socket }: Login,
  name: string,
  clock: Clock,
  maxSessions: number,
): SshConnection {
  const turns = createSemaphore(maxSessions);
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
  const inTurn = async <T>(
    signal: AbortSignal | undefined,
    work: (session: Session) => Promise<T>,
  ): Promise<T> => {
    const giveBack = await turns.take(signal);
    try {
      if (closed.signal.aborted)
        throw new ConnectionLostError(false, {
          message: (closed.signal.reason as VmrigError).summary,
        });
      return await work(session);
    } finally {
      giveBack();
    }
  };

  return {
    closed: closed.signal,
    exec: (command, options = {}) =>
      inTurn(options.signal, (session) => exec(session, command, options)),
    run: (command, options) =>
      inTurn(options.signal, (session) => runProcess(session, command, options)),
    tunnel: (to, signal) => tunnel(session, to, signal),
    listen: createListen(session),
    close,
    hangUp() {
      closing = true;
      socket.destroy();
      // ssh2 tells it a turn later, and until then this connection would pass for one that stands.
      end();
    },
    [Symbol.asyncDispose]: close,
  };
}
