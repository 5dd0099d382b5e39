import { VmrigError } from "../../../packages/vmrig/src/errors/vmrig-error.ts";
import { dial } from "../../../packages/vmrig/src/ssh/dial.ts";

export interface ServerAddress {
  readonly host: string;
  /** @defaultValue 22 */
  readonly port?: number;
}

export interface RootCommand {
  /** What the command does, as it reads after "Could not": `read the CA`. */
  readonly task: string;
  readonly timeoutMs: number;
}

/** A connection as root whose host key was checked. */
export interface RootSession extends AsyncDisposable {
  /**
   * Runs a command line and returns its output.
   *
   * @throws VmrigError `MACHINE_UNREACHABLE` when it fails, with its last lines
   */
  run(command: string, options: RootCommand): Promise<string>;
}

const MOST_OUTPUT = 1 << 16;
const SHOWN_LINES = 15;

/**
 * Logs in as root.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline, `HOST_KEY_MISMATCH`, `LOGIN_REFUSED`
 */
export async function openRootSession(options: {
  readonly at: ServerAddress;
  /** The only host key that is accepted. */
  readonly hostKey: string;
  readonly privateKey: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}): Promise<RootSession> {
  const { at, hostKey, privateKey, timeoutMs, signal } = options;
  const { host, port = 22 } = at;
  const connection = await dial(
    { host, port, user: "root", hostKey, privateKey },
    { name: "the control plane", timeoutMs, signal },
  );
  return {
    async run(command, { task, timeoutMs }) {
      const ended = await connection.exec(command, { timeoutMs, signal });
      signal.throwIfAborted();
      const text = (stream: Buffer): string => stream.subarray(-MOST_OUTPUT).toString("utf8");
      if (ended.ended === "exited" && ended.exitCode === 0) return text(ended.stdout);
      throw new VmrigError("MACHINE_UNREACHABLE", {
        message: `Could not ${task} on the control plane.`,
        details: [
          ended.ended === "exited"
            ? `exit code ${ended.exitCode}`
            : `no result within ${timeoutMs / 1000} s`,
          ...`${text(ended.stdout)}\n${text(ended.stderr)}`
            .split("\n")
            .filter((line) => line.trim() !== "")
            .slice(-SHOWN_LINES),
        ],
      });
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
