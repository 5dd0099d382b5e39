import { systemClock, type Clock } from "../clock/clock.ts";
import { waitFor } from "../wait/wait-for.ts";
import { handshake, type Login } from "./handshake.ts";
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
    probe: (enough) => handshake(target, name, clock, enough),
  });
  return toConnection(login, { name, clock, maxSessions });
}
