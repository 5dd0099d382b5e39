import type { Client, ClientChannel } from "ssh2";
import type { ReplyDeadlines } from "./reply-deadlines.ts";
import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { ConnectionLostError } from "./connection-lost.ts";

/** What a command needs of the connection that carries it. */
export interface Session {
  readonly client: Client;
  readonly name: string;
  readonly clock: Clock;
  readonly closed: AbortSignal;
  readonly answers: ReplyDeadlines;
  /** Whether this side ends the connection. */
  readonly hungUp: () => boolean;
}

/** A terminal on the machine. */
export interface Pty {
  readonly columns: number;
  readonly rows: number;
  /** What the command finds in TERM. */
  readonly term: string;
}

export interface Opening {
  /** Gets the channel before any of its events. */
  readonly attend: (channel: ClientChannel) => void;
  readonly pty?: Pty;
  readonly signal?: AbortSignal;
}

/**
 * How long a server may refuse a session that should be free. OpenSSH frees a closed one only after
 * it has handled all packets that came with the close, and so refuses an open right behind it when
 * `MaxSessions` is used up.
 */
const REFUSAL_MS = 2000;

/**
 * How long a server may leave a request for a session without an answer. An emulated machine under
 * load takes a second for each step.
 */
export const ANSWER_MS = 30_000;

/**
 * Opens a session and starts a command in it.
 *
 * @throws ConnectionLostError, which knows whether the command may have begun
 * @throws VmrigError `MACHINE_UNREACHABLE` when the server goes on refusing, or does not answer;
 *   `CAPABILITY_MISSING` when it gives no terminal
 */
export async function open(session: Session, command: string, opening: Opening): Promise<void> {
  const refusal = await attempt(session, command, opening);
  if (refusal === undefined) return;
  await waitFor<true>({
    what: "a free SSH session",
    on: session.name,
    timeoutMs: REFUSAL_MS,
    intervalMs: 20,
    code: "MACHINE_UNREACHABLE",
    hint: "lower `maxSessions`, or raise MaxSessions in the machine's sshd_config",
    clock: session.clock,
    ...(opening.signal === undefined ? {} : { signal: opening.signal }),
    probe: async () => {
      const again = await attempt(session, command, opening);
      return again === undefined ? { value: true } : { seen: again };
    },
  });
}

/** One attempt; what the server said when it refused. */
function attempt(
  { client, name, closed, answers, hungUp: byUs }: Session,
  command: string,
  { attend, pty }: Opening,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const answered = answers.expect(() => reject(unanswered(name)));
    const fail = (error: Error): void => {
      answered();
      if (error.message === "Unable to request a pseudo-terminal") return reject(noTerminal(name));
      // ssh2 says this when the request to start the command was sent and not answered with a yes.
      const started = error.message === "Unable to exec";
      const hungUp =
        started || error.message === "No response from server" || error.message === "Not connected";
      if (!hungUp && !closed.aborted) {
        resolve(error.message.toLowerCase());
        return;
      }
      const moment = started ? "while it started a command" : "before a command was sent";
      reject(
        new ConnectionLostError(
          started,
          { message: `The SSH connection to ${name} ended ${moment}.`, cause: error },
          byUs(),
        ),
      );
    };
    try {
      client.exec(
        command,
        pty === undefined ? {} : { pty: { cols: pty.columns, rows: pty.rows, term: pty.term } },
        (error, channel) => {
          if (error !== undefined) return fail(error);
          answered();
          attend(channel);
          resolve(undefined);
        },
      );
    } catch (error) {
      fail(error as Error);
    }
  });
}

function unanswered(name: string): VmrigError {
  return new VmrigError("MACHINE_UNREACHABLE", {
    message: `The SSH server of ${name} did not answer the request for a session within ${ANSWER_MS / 1000} s.`,
    hint: "its connection stands, so the server hangs or the machine is out of processes or memory: see its console",
  });
}

function noTerminal(name: string): VmrigError {
  return new VmrigError("CAPABILITY_MISSING", {
    message: `The SSH server of ${name} gives no terminal.`,
    hint: "see PermitTTY in its sshd_config",
  });
}
