import { systemClock, type Clock } from "../clock/clock.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { loginWhenBooted } from "./login-when-booted.ts";

export interface ReconnectOptions {
  /** Name of the machine. */
  readonly name: string;
  /** Logs in at the machine's current address. */
  readonly open: () => Promise<SshConnection>;
  /** Makes the gate authorize the lease's key on the machine again. */
  readonly admit: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Longest wait for a login after the machine's system has responded and has the key. */
const ADMITTED_MS = 30_000;

/**
 * Logs in to a machine whose connection has ended. A machine that refuses the key or does not
 * respond may have rebooted by itself, or a test may have removed the key. Then the gate waits for
 * its system and authorizes the key again.
 *
 * @throws VmrigError `LOGIN_REFUSED`, `MACHINE_UNREACHABLE`; `MACHINE_OFF` for a machine that shut
 *   itself down
 */
export async function reconnect({
  name,
  open,
  admit,
  signal,
  clock = systemClock,
}: ReconnectOptions): Promise<SshConnection> {
  try {
    return await open();
  } catch (error) {
    if (!isVmrigError(error)) throw error;
    if (error.code !== "LOGIN_REFUSED" && error.code !== "MACHINE_UNREACHABLE") throw error;
    try {
      await admit();
    } catch (failure) {
      // The driver has no other way in.
      if (isVmrigError(failure) && failure.code === "CAPABILITY_MISSING") throw error;
      throw failure;
    }
  }
  let refused: VmrigError | undefined;
  try {
    return await loginWhenBooted(
      {
        open: () =>
          open().catch((error: unknown) => {
            refused = isVmrigError(error) && error.code === "LOGIN_REFUSED" ? error : undefined;
            throw error;
          }),
        signal,
        timeoutMs: ADMITTED_MS,
        clock,
      },
      name,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw refused === undefined ? error : stillRefused(name, refused);
  }
}

function stillRefused(name: string, refused: VmrigError): VmrigError {
  return new VmrigError("LOGIN_REFUSED", {
    message: refused.summary,
    details: [
      `${name} has the key of this lease: vmrig authorized it again and tried for ${ADMITTED_MS / 1000} s`,
    ],
    hint: "check on the machine: owner and mode of the home folder and of ~/.ssh, the config of sshd, and whether the account is locked",
    cause: refused,
  });
}
