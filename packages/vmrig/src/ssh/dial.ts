import { systemClock, type Clock } from "../clock/clock.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import { handshake, type HandshakeOptions, type Login } from "./handshake.ts";
import type { SshTarget } from "./ssh-target.ts";
import type { SshConnection } from "./ssh-connection.ts";
import { toConnection } from "./connection.ts";

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
    probe: (enough) => firstReply(target, { name, clock, signal: enough }),
  });
  return toConnection(login, { name, clock, maxSessions });
}

/**
 * A machine that starts drops the first packets, and TCP sends them again only after 1, 3 and 7 s.
 * A new attempt gets through at once.
 */
const MORE_AFTER_MS = 1000;
/** OpenSSH refuses some of more than 10 connections that have not logged in. */
const MOST_ATTEMPTS = 5;

/**
 * Attempts to log in. As long as the server is silent, another attempt joins each second. The first
 * one with a reply goes on, and the others end.
 */
async function firstReply(
  target: SshTarget,
  { name, clock, signal }: Omit<HandshakeOptions, "onReply">,
): Promise<Observation<Login>> {
  const over = new AbortController();
  const attempts: AbortController[] = [];
  let replied: AbortController | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const attempt = (): void => {
        const own = new AbortController();
        attempts.push(own);
        handshake(target, {
          name,
          clock,
          signal: AbortSignal.any([signal, own.signal]),
          onReply: () => {
            replied ??= own;
            for (const other of attempts) if (other !== replied) other.abort();
          },
        }).then((outcome) => {
          if (replied === undefined || replied === own) resolve(outcome);
        }, reject);
        if (attempts.length === MOST_ATTEMPTS) return;
        clock.sleep(MORE_AFTER_MS, over.signal).then(
          () => {
            if (replied === undefined) attempt();
          },
          () => {}, // over
        );
      };
      attempt();
    });
  } finally {
    over.abort();
    for (const each of attempts) if (each !== replied) each.abort();
  }
}
