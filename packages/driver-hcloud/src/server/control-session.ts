import {
  dial,
  isVmrigError,
  VmrigError,
  type MachineRef,
  type PublicKey,
  type SshConnection,
} from "vmrig/driver";
import type { RootShell } from "../guest/root-shell.ts";
import { controlKey } from "../keys.ts";
import { SSH_PORT } from "./machine-status.ts";

export interface ControlOptions {
  readonly ref: MachineRef;
  /** Public address of the server. */
  readonly host: string;
  /** The only host key that is accepted. */
  readonly hostKey: PublicKey;
  /** Secret of the copy. */
  readonly secret: string;
  /** How long a server that boots is waited for. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A session of a gate as root. */
export interface ControlSession extends RootShell, AsyncDisposable {}

/** Longest output of a script that is kept of each stream. */
const MOST_OUTPUT = 1 << 20;

/**
 * Logs in as root with the control key.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline; `HOST_KEY_MISMATCH`, `LOGIN_REFUSED`
 */
export async function openControl(options: ControlOptions): Promise<ControlSession> {
  const { ref, host, hostKey, secret, timeoutMs, signal } = options;
  const { privateKey } = controlKey(secret);
  try {
    const target = { host, port: SSH_PORT, user: "root", hostKey, privateKey };
    return sessionOver(await dial(target, { name: ref.name, timeoutMs, signal }));
  } catch (error) {
    signal.throwIfAborted();
    throw withFirewallHint(error);
  }
}

/** A firewall drops packets without an answer, as a machine that hangs does. */
function withFirewallHint(error: unknown): unknown {
  if (!isVmrigError(error) || error.code !== "MACHINE_UNREACHABLE") return error;
  return new VmrigError("MACHINE_UNREACHABLE", {
    message: error.summary,
    details: error.details,
    hint: "if no machine answers this computer, its address may not be in `firewall.ssh` of hcloud()",
    cause: error,
  });
}

function sessionOver(connection: SshConnection): ControlSession {
  return {
    async run(script, { args = [], timeoutMs, signal }) {
      const words = ["bash", "-s", "--", ...args].map(quote).join(" ");
      const ended = await connection.exec(words, { input: script, timeoutMs, signal });
      signal.throwIfAborted();
      return {
        code: ended.ended === "exited" ? (ended.exitCode ?? -1) : -1,
        stdout: ended.stdout.subarray(0, MOST_OUTPUT).toString("utf8"),
        stderr: ended.stderr.subarray(0, MOST_OUTPUT).toString("utf8"),
      };
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
