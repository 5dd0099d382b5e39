import type { Client, ClientChannel } from "ssh2";
import type { Clock } from "../clock/clock.ts";
import { waitFor } from "../wait/wait-for.ts";
import { ConnectionLostError } from "./connection-lost.ts";

/** What a command needs of the connection that carries it. */
export interface Session {
  readonly client: Client;
  readonly name: string;
  readonly clock: Clock;
  readonly closed: AbortSignal;
}

/**
 * How long a server may refuse a session that should be free. OpenSSH frees a closed one only after it has handled all packets that came
 * with the close, and so refuses an open right behind it when `MaxSessions` is used up.
 */
const REFUSAL_MS = 2000;

/**
 * Opens a session and starts a command in it; `attend` gets the channel before any of its events.
 *
 * @throws ConnectionLostError, which knows whether the command may have begun
 * @throws VmrigError `MACHINE_UNREACHABLE` when the server goes on refusing
 */
export async function open(
  session: Session,
  command: string,
  attend: (channel: ClientChannel) => void,
  signal?: AbortSignal,
): Promise<void> {
  const refusal = await attempt(session, command, attend);
  if (refusal === undefined) return;
  await waitFor<true>({
    what: "a free SSH session",
    on: session.name,
    timeoutMs: REFUSAL_MS,
    intervalMs: 20,
    code: "MACHINE_UNREACHABLE",
    hint: "lower `maxSessions`, or raise MaxSessions in the machine's sshd_config",
    clock: session.clock,
    ...(signal === undefined ? {} : { signal }),
    probe: async () => {
      const again = await attempt(session, command, attend);
      return again === undefined ? { value: true } : { seen: again };
    },
  });
}

/** One attempt; what the server said when it refused. */
function attempt(
  { client, name, closed }: Session,
  command: string,
  attend: (channel: ClientChannel) => void,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      // ssh2 says this when the request to start the command was sent and not answered with a yes.
      const started = error.message === "Unable to exec";
      const hungUp = started || error.message === "No response from server" || error.message === "Not connected";
      if (!hungUp && !closed.aborted) {
        resolve(error.message.toLowerCase());
        return;
      }
      const moment = started ? "while it started a command" : "before a command was sent";
      reject(new ConnectionLostError(started, { message: `The SSH connection to ${name} ended ${moment}.`, cause: error }));
    };
    try {
      client.exec(command, (error, channel) => {
        if (error !== undefined) return fail(error);
        attend(channel);
        resolve(undefined);
      });
    } catch (error) {
      fail(error as Error);
    }
  });
}
