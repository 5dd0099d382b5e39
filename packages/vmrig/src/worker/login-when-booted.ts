import { isVmrigError } from "../errors/vmrig-error.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { waitFor } from "../wait/wait-for.ts";
import type { MachineControlOptions } from "./machine-control-options.ts";

/** Longest wait for a booting machine to accept logins. Until then systemd refuses them. */
const LOGIN_MS = 120_000;

/** Opens a connection to a booting machine as soon as it accepts logins. */
export function loginWhenBooted(
  { open, signal }: Pick<MachineControlOptions, "open" | "signal">,
  name: string,
): Promise<SshConnection> {
  return waitFor({
    what: "its boot to accept logins",
    on: name,
    timeoutMs: LOGIN_MS,
    intervalMs: 250,
    code: "MACHINE_UNREACHABLE",
    signal,
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
