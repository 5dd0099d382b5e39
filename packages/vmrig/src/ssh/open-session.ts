import type { ClientChannel } from "ssh2";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { ConnectionLostError } from "./connection-lost.ts";
import type { Session, Pty } from "./session.ts";
import { ANSWER_MS } from "./reply-deadlines.ts";

/** Options of {@link open}. */
export interface Opening {
  /** Receives the channel before any of its events. */
  readonly attend: (channel: ClientChannel) => void;
  readonly pty?: Pty;
  readonly signal?: AbortSignal;
}

/**
 * How long a server may refuse a session that should be free. OpenSSH frees a closed session only
 * after it has handled all packets that arrived together with the close, so it refuses an open that
 * directly follows the close when `MaxSessions` is reached.
 */
const REFUSAL_MS = 2000;

const LATE_MS = 1_000;

/**
 * Opens a session and starts a command in it.
 *
 * @throws ConnectionLostError with the information whether the command may have started
 * @throws VmrigError `MACHINE_UNREACHABLE` when the server keeps refusing or does not reply;
 *   `CAPABILITY_MISSING` when the server does not provide a terminal
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

/** Makes one attempt. @returns the server's message when it refused */
function attempt(
  { client, name, clock, closed, answers, received, drop, hungUp: byUs }: Session,
  command: string,
  { attend, pty }: Opening,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const before = received();
    let isAnswered = false;
    const judge = async (): Promise<void> => {
      // What arrived while this process was blocked or suspended is read after its timers ran.
      if (received() === before) await clock.sleep(LATE_MS, closed).catch(() => {});
      if (isAnswered || closed.aborted) return;
      if (received() > before) return reject(unanswered(name));
      // Not even the reply to a keepalive: the machine rebooted without a word. The session was not
      // opened, so the command was not sent.
      drop(new Error(`nothing arrived for ${ANSWER_MS / 1000} s`));
      reject(new ConnectionLostError(false, { message: (closed.reason as VmrigError).summary }));
    };
    const forget = answers.expect(() => void judge());
    const answered = (): void => {
      isAnswered = true;
      forget();
    };
    const fail = (error: Error): void => {
      answered();
      if (error.message === "Unable to request a pseudo-terminal") return reject(noTerminal(name));
      // ssh2 reports this when the request to start the command was sent and not confirmed.
      const started = error.message === "Unable to exec";
      const hungUp =
        started || error.message === "No response from server" || error.message === "Not connected";
      if (!hungUp && !closed.aborted) {
        resolve(error.message.toLowerCase());
        return;
      }
      const when = started ? "while it started a command" : "before a command was sent";
      reject(
        new ConnectionLostError(
          started,
          { message: `The SSH connection to ${name} ended ${when}.`, cause: error },
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
    hint: "the connection is still open, so the server hangs, or the machine is out of processes or memory: check its console",
  });
}

function noTerminal(name: string): VmrigError {
  return new VmrigError("CAPABILITY_MISSING", {
    message: `The SSH server of ${name} does not provide a terminal.`,
    hint: "check PermitTTY in its sshd_config",
  });
}
