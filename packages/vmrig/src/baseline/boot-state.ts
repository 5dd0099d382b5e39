import type { Observation } from "../wait/wait-for.ts";
import { quote } from "../ssh/quote.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { NOT_BEGUN } from "./proof.ts";

const MARK = "vmrig-boot-state";

/**
 * Reads the state in `sh`, which reads no startup files: those of the login shell may print, define
 * functions and set traps. The source does not contain the mark, because a trap may print it.
 */
const READ = `\\exec sh -c ${quote("printf 'vmrig-%s\\n' boot-state; systemctl is-system-running; systemctl --failed --plain --no-legend")}`;

/** A boot that has finished. */
export interface FinishedBoot {
  /** Names of the units that failed. */
  readonly failed: readonly string[];
}

/** Returns whether the boot of a machine with systemd has finished. */
export async function readBootState(
  connection: Pick<SshConnection, "exec">,
  signal: AbortSignal,
): Promise<Observation<FinishedBoot>> {
  const { stdout } = await connection.exec(READ, { signal });
  const [, own] = stdout.toString("utf8").split(`${MARK}\n`);
  if (own === undefined) return { seen: NOT_BEGUN };
  const [state = "", ...failed] = own.trim().split("\n");
  if (state !== "running" && state !== "degraded") return { seen: state };
  return { value: { failed: failed.map((line) => line.split(" ")[0] ?? "") } };
}
