import type { ClientChannel } from "ssh2";

/** The signals that OpenSSH passes on (`name2sig` of its session.c). */
export type SignalName = "HUP" | "INT" | "KILL" | "QUIT" | "TERM" | "USR1" | "USR2";

/**
 * Those of them that end a process whatever it thinks of it, or by which somebody on the machine
 * knows to do so.
 */
export type StopSignal = "KILL" | "TERM";

interface Inside {
  readonly outgoing: { readonly id: number; readonly state: string };
  readonly _client: { readonly _protocol: { signal(id: number, name: SignalName): void } };
}

/**
 * Sends a signal to the process group of a session. RFC 4254 §6.9; OpenSSH does `killpg` as the
 * session's user, and each session is a group of its own. It refuses for root logins and forced
 * commands.
 *
 * ssh2's own `channel.signal()` sends nothing once stdin has ended, which the RFC does not ask for:
 * hence the way around it.
 */
export function sendSignal(channel: ClientChannel, signal: SignalName): void {
  const { outgoing, _client } = channel as unknown as Inside;
  if (outgoing.state === "open" || outgoing.state === "eof")
    _client._protocol.signal(outgoing.id, signal);
}
