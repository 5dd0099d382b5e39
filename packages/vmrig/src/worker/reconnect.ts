import { systemClock, type Clock } from "../clock/clock.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { inTime } from "../wait/in-time.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";

export interface ReconnectOptions {
  /** Name of the machine. */
  readonly name: string;
  /** Logs in at the machine's current address. */
  readonly open: () => Promise<SshConnection>;
  /** Makes the gate authorize the lease's key on the machine again. Fails soon. */
  readonly admit: () => Promise<void>;
  /** Whether the connection is still wanted: a rollback makes it useless. */
  readonly isCurrent: () => boolean;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Longest wait for a machine that boots, or shuts down first. */
const BOOT_MS = 120_000;

/** Longest wait for the gate, whose own wait for the machine is shorter. */
const GATE_MS = 15_000;

/**
 * Logs in to a machine whose connection has ended. A machine that refuses the key or does not
 * respond may be rebooting by itself, or a test may have removed the key. Then the gate authorizes
 * the key again before each attempt: a reboot may lose it, and a system that shuts down refuses
 * logins as well.
 *
 * @returns `undefined` when the connection is no longer wanted
 * @throws VmrigError `LOGIN_REFUSED`, `MACHINE_UNREACHABLE`; `MACHINE_OFF` for a machine that shut
 *   itself down
 */
export async function reconnect(options: ReconnectOptions): Promise<SshConnection | undefined> {
  const { name, open, admit, isCurrent, signal, clock = systemClock } = options;
  let last: VmrigError;
  try {
    return await open();
  } catch (error) {
    last = orThrow(error);
  }
  let admitted = false;
  const attempt = async (): Promise<Observation<SshConnection | undefined>> => {
    if (!isCurrent()) return { value: undefined };
    try {
      await inTime(admit(), { timeoutMs: GATE_MS, late: () => last, clock });
      admitted = true;
    } catch (error) {
      // The gate is paused or busy: the run may have lost its lease.
      if (error === last) throw error;
      // The driver has no other way in.
      if (isVmrigError(error) && error.code === "CAPABILITY_MISSING") throw last;
      return { seen: orThrow(error).summary };
    }
    try {
      return { value: await open() };
    } catch (error) {
      last = orThrow(error);
      return { seen: last.summary };
    }
  };
  try {
    return await waitFor({
      what: "it to accept logins again",
      on: name,
      timeoutMs: BOOT_MS,
      intervalMs: 500,
      code: "MACHINE_UNREACHABLE",
      hint: `see its console with \`vmrig logs ${name}\``,
      signal,
      clock,
      probe: attempt,
    });
  } catch (error) {
    signal.throwIfAborted();
    const timedOut = isVmrigError(error) && error.code === "MACHINE_UNREACHABLE";
    throw timedOut && admitted && last.code === "LOGIN_REFUSED" ? stillRefused(name, last) : error;
  }
}

/** Returns an error that a reboot may explain. Throws any other one. */
function orThrow(error: unknown): VmrigError {
  if (
    isVmrigError(error) &&
    (error.code === "LOGIN_REFUSED" || error.code === "MACHINE_UNREACHABLE")
  )
    return error;
  throw error;
}

function stillRefused(name: string, refused: VmrigError): VmrigError {
  return new VmrigError("LOGIN_REFUSED", {
    message: refused.summary,
    details: [
      `${name} has the key of this lease: vmrig authorized it again and tried for ${BOOT_MS / 1000} s`,
    ],
    hint: "check on the machine: owner and mode of the home folder and of ~/.ssh, the config of sshd, and whether the account is locked",
    cause: refused,
  });
}
