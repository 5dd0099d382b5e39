import type { VmrigError } from "../errors/vmrig-error.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import { guestOf } from "./guest.ts";
import type { LeasedContext } from "./leased-context.ts";
import { NOT_BEGUN } from "./proof.ts";
import { asInput } from "./recipe-script.ts";

/** A script that runs as root while a machine is prepared or upgraded. */
export interface RootStep {
  /** Description for its error. */
  readonly what: string;
  readonly script: string;
}

/** Facts for the error of a step that failed. */
export interface StepFailure {
  /** `"apt-get update" exited with 100` */
  readonly how: string;
  /** Last lines of its output. */
  readonly last: readonly string[];
}

export interface RootStepOptions {
  readonly timeoutMs: number;
  readonly failed: (failure: StepFailure) => VmrigError;
}

/** Line that each step prints first. A startup file that exits would look like a finished step. */
const BEGUN = "vmrig-prepare begun";
/** More than any error needs. */
const LAST_LINES = 12;

/**
 * Runs a step on a machine, under the lease.
 *
 * @returns its standard output
 */
export async function runRootStep(
  { lease, driver }: LeasedContext,
  connection: SshConnection,
  { what, script, timeoutMs, failed }: RootStep & RootStepOptions,
): Promise<string> {
  lease.assertHeld();
  const result = await connection.exec(guestOf(driver.guest).prepareShell, {
    input: `echo ${BEGUN}\n${asInput(script)}`,
    timeoutMs,
    signal: lease.signal,
  });
  lease.assertHeld();
  const begun = result.stdout.includes(`${BEGUN}\n`);
  const stdout = result.stdout.toString("utf8").replace(`${BEGUN}\n`, "");
  if (result.exitCode === 0 && begun) return stdout;
  const [title = "", ...more] = what.trim().split("\n");
  const last = `${stdout}\n${result.stderr.toString("utf8")}`.trim().split("\n").slice(-LAST_LINES);
  const ending =
    result.ended === "timed-out"
      ? `took longer than ${timeoutMs / 60_000} min`
      : `exited with ${result.exitCode ?? result.signal}`;
  throw failed({
    how: `"${title}${more.length > 0 ? " …" : ""}" ${ending}`,
    last: begun || result.exitCode !== 0 ? last : [...last, NOT_BEGUN],
  });
}
