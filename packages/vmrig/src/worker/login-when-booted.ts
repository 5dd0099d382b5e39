import { systemClock, type Clock } from "../clock/clock.ts";
import { isVmrigError } from "../errors/vmrig-error.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { waitFor } from "../wait/wait-for.ts";

/** Longest wait for a booting machine to accept logins. Until then systemd refuses them. */
const LOGIN_MS = 120_000;

export interface BootLogin {
  readonly open: (name: string) => Promise<SshConnection>;
  readonly signal: AbortSignal;
  /** @defaultValue 120_000 */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Opens a connection to a booting machine as soon as it accepts logins. */
export function loginWhenBooted(
  { open, signal, timeoutMs = LOGIN_MS, clock = systemClock }: BootLogin,
  name: string,
): Promise<SshConnection> {
  return waitFor({
    what: "its boot to accept logins",
    on: name,
    timeoutMs,
    intervalMs: 250,
    code: "MACHINE_UNREACHABLE",
    signal,
    clock,
    probe: async () => {
      try {
        return { value: await open(name) };
      } catch (error) {
        if (
          !isVmrigError(error) ||
          (error.code !== "LOGIN_REFUSED" && error.code !== "MACHINE_UNREACHABLE")
        )
          throw error;
        return { seen: error.summary };
      }
    },
  });
}
