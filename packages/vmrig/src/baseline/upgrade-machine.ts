import type { Clock } from "../clock/clock.ts";
import type { MachineRef } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { LeasedContext } from "./leased-context.ts";
import { login } from "./login.ts";
import { runRootStep, type RootStep, type StepFailure } from "./root-step.ts";
import {
  beginUpgrade,
  checkApt,
  finishUpgrade,
  MARK,
  readPackageLists,
  upgradePackages,
} from "./upgrade-script.ts";

/** Hundreds of packages, on a machine that may be emulated. */
const STEP_MS = 60 * 60_000;

/** Result of an upgrade of one machine's packages. */
export interface MachineUpgrade {
  /** Number of packages that were installed, upgraded or removed. */
  readonly changed: number;
  /** Kernel packages with an upgrade that cannot take effect on this driver's machines. */
  readonly kept: readonly string[];
  /** Why the machine needs a reboot; empty when it needs none. */
  readonly rebootBecause: readonly string[];
}

/**
 * Upgrades the packages of a running machine with apt, and asks no questions.
 *
 * @throws VmrigError `UPGRADE_FAILED` with the step, its exit code and its last lines;
 *   `CAPABILITY_MISSING` for a machine without apt, which is unchanged then
 */
export async function upgradeMachine(
  context: LeasedContext,
  ref: MachineRef,
  clock: Clock,
): Promise<MachineUpgrade> {
  const keepKernel = context.driver.externalKernel === true;
  await using connection = await login(context, ref);
  const run = (step: RootStep): Promise<string> =>
    runRootStep(context, connection, {
      ...step,
      timeoutMs: STEP_MS,
      failed: (failure) => upgradeFailed(ref, failure),
    });
  const missing = reported(await run({ what: "look for apt", script: checkApt() }), "missing");
  if (missing.length > 0) throw withoutApt(ref, missing);
  await run({ what: "set its clock", script: beginUpgrade(clock.wall()) });
  await run({ what: "apt-get update", script: readPackageLists() });
  await run({ what: "apt-get full-upgrade", script: upgradePackages({ keepKernel }) });
  const output = await run({ what: "clean up", script: finishUpgrade({ keepKernel }) });
  return {
    changed: Number(reported(output, "changed")[0]),
    kept: reported(output, "kept"),
    rebootBecause: reported(output, "because"),
  };
}

/** Returns what the machine reported under a word. Its own output is short and printable. */
function reported(output: string, word: string): string[] {
  const start = `${MARK} ${word} `;
  return output
    .split("\n")
    .filter((line) => line.startsWith(start))
    .slice(0, 20)
    .map((line) =>
      line
        .slice(start.length)
        .replaceAll(/[^\x20-\x7e]/g, "?")
        .slice(0, 120),
    );
}

function upgradeFailed({ copy, name }: MachineRef, { how, last }: StepFailure): VmrigError {
  return new VmrigError("UPGRADE_FAILED", {
    message: `Upgrading the packages of ${name} failed: ${how}.`,
    details: last,
    hint: `nothing has changed: runs of ${copy.copy} still use the baseline from before; check that the machine reaches its package mirror`,
  });
}

function withoutApt({ name }: MachineRef, missing: readonly string[]): VmrigError {
  return new VmrigError("CAPABILITY_MISSING", {
    message: `vmrig upgrades packages with apt, and ${name} does not have it.`,
    details: missing.map((program) => `${program} is missing`),
    hint: "build the machine's image again, with newer packages; nothing has changed",
  });
}
