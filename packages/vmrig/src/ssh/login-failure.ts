import { VmrigError } from "../errors/vmrig-error.ts";
import { fingerprint } from "./keys.ts";
import type { SshTarget } from "./ssh-target.ts";

/** A failed attempt to log in. */
export interface LoginAttempt {
  readonly target: SshTarget;
  /** The machine's name, for errors. */
  readonly name: string;
  /** Host key that the server must have. */
  readonly pinned: Buffer;
  /** Host key that the server has shown, if it has replied. */
  readonly shown: Buffer | undefined;
}

/** Returns the error of a failure that stays. A failure that may pass is described in words. */
export function toLoginFailure(
  error: Error & { readonly code?: string | number; readonly level?: string },
  { target, name, pinned, shown }: LoginAttempt,
): VmrigError | string {
  const { host, port, user } = target;
  if (shown !== undefined && !shown.equals(pinned)) {
    return new VmrigError("HOST_KEY_MISMATCH", {
      message: `The server at ${host}:${port} is not ${name}: its host key is different.`,
      details: [`expected ${fingerprint(pinned)}`, `got      ${fingerprint(shown)}`],
      hint: "the address may now belong to another machine, or the machine was recreated with a new key: run again",
    });
  }
  if (error.level === "client-authentication") {
    return new VmrigError("LOGIN_REFUSED", {
      message: `${name} at ${host}:${port} refused the key of user "${user}".`,
      hint: "~/.ssh/authorized_keys of this user may lack the key of this lease, or sshd refuses the user for another reason",
    });
  }
  if (error.level === "handshake") {
    return new VmrigError("MACHINE_UNREACHABLE", {
      message: `Could not connect to ${name} by SSH at ${host}:${port}: ${error.message}.`,
      cause: error,
    });
  }
  return OBSERVATIONS[error.code ?? ""] ?? error.message.toLowerCase();
}

const OBSERVATIONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ETIMEDOUT: "connection timed out",
};
