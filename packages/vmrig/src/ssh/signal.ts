import type { ClientChannel } from "ssh2";

/** Signals that OpenSSH passes on (`name2sig` of its session.c). */
export type SignalName = "HUP" | "INT" | "KILL" | "QUIT" | "TERM" | "USR1" | "USR2";

/**
 * Signals that stop a process: `KILL`, which no process can ignore, and `TERM`, which a handler on
 * the machine may turn into a `KILL`.
 */
export type StopSignal = "KILL" | "TERM";

interface Inside {
  readonly outgoing: { readonly id: number; readonly state: string };
  readonly _client: { readonly _protocol: { signal(id: number, name: SignalName): void } };
}

/**
 * Sends a signal to the process group of a session. RFC 4254 §6.9. OpenSSH calls `killpg` as the
 * session's user, and each session is a process group. OpenSSH refuses for root logins and forced
 * commands.
 *
 * Bypasses `channel.signal()` of ssh2, which sends nothing after stdin has ended. The RFC does not
 * require that.
 */
export function sendSignal(channel: ClientChannel, signal: SignalName): void {
  const { outgoing, _client } = channel as unknown as Inside;
  if (outgoing.state === "open" || outgoing.state === "eof")
    _client._protocol.signal(outgoing.id, signal);
}
