import { randomUUID } from "node:crypto";
import { rename } from "node:fs/promises";
import type { CopySpec, Driver, Fingerprint, Inventory } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { readApplyRecord, type ApplyRecord } from "./apply-record.ts";
import { openStack } from "./stack.ts";
import type { StateFiles } from "./state-files.ts";
import { isStateLocked } from "./state-stamp.ts";
import { openStateFolder } from "./state-folder.ts";
import { isStateDamaged, isStateEmpty, readState, type State } from "./state.ts";
import { findTerraform, type TerraformBinary } from "./terraform-binary.ts";
import { refuseUnsavedState } from "./unsaved-state.ts";
import type { LeaseGuard } from "./lease-guard.ts";

export interface InspectStateOptions {
  readonly driver: Driver;
  readonly copy: CopySpec;
  /** Not needed to destroy, because the image that it describes may be gone. */
  readonly fingerprint?: Fingerprint;
  readonly guard: LeaseGuard;
  readonly say: (line: string) => void;
  /**
   * Whether to continue without a state that has no valid content. Only for the removal of all
   * machines, which the driver finds without it.
   *
   * @defaultValue false
   */
  readonly setAsideDamaged?: boolean;
}

/**
 * State and machines of a copy before any change: the Terraform state, and the inventory of the
 * driver.
 */
export interface StateInspection {
  readonly files: StateFiles;
  readonly terraform: TerraformBinary;
  readonly state: State | undefined;
  /** Whether the state file exists and is empty. */
  readonly empty: boolean;
  readonly inventory: Inventory;
  readonly last: ApplyRecord | undefined;
}

/**
 * Reads the state and the machines of a copy, after a running Terraform of an earlier run has
 * ended.
 *
 * @throws VmrigError `TERRAFORM_MISSING`, `TERRAFORM_FAILED`, `STATE_UNWRITABLE`, `STATE_UNSAVED`,
 *   or `STATE_LOST` when the state cannot be read
 */
export async function inspectState(options: InspectStateOptions): Promise<StateInspection> {
  const { driver, copy, guard } = options;
  guard.assertHeld();
  const files = await openStateFolder(copy);
  const terraform = await findTerraform();
  await waitForRunningTerraform({ ...options, files, terraform });
  if (options.setAsideDamaged) await setAsideDamagedState(options, files);
  await refuseUnsavedState(copy, files, terraform.path);
  return {
    files,
    terraform,
    state: await readState(files.state),
    empty: await isStateEmpty(files.state),
    inventory: await driver.inspect(copy),
    last: await readApplyRecord(files, options.say),
  };
}

/**
 * Waits for a running Terraform of an earlier run. Terraform outlives the gate that started it, so
 * that its machines are saved in the state. While it runs, the state and the machines cannot be
 * compared. Only Terraform can tell whether a lock is still held. So vmrig creates a plan, which
 * waits for the lock, and then discards the plan.
 */
async function waitForRunningTerraform(
  options: InspectStateOptions & {
    readonly files: StateFiles;
    readonly terraform: TerraformBinary;
  },
): Promise<void> {
  const { copy, files, say } = options;
  if (!(await isStateLocked(copy))) return;
  say(`state: waiting for the Terraform of an earlier run of ${copy.copy} to finish`);
  try {
    // Any owner works: the state is not read, because the other Terraform may be writing it, and
    // the plan is discarded.
    const stack = await openStack({ ...options, owner: randomUUID() });
    await using _plan = await stack.plan();
  } catch (error) {
    if (await isStateDamaged(files.state)) throw lockedAndDamaged(files, error);
    throw error;
  }
}

/** `terraform init` fails on a damaged state before it can tell whether the lock is still held. */
function lockedAndDamaged({ state, lockInfo }: StateFiles, cause: unknown): VmrigError {
  return new VmrigError("STATE_LOST", {
    message: `The Terraform state ${state} cannot be read, and a Terraform may still be writing it.`,
    details: [`lock: ${lockInfo}`],
    hint: "if no Terraform is running, delete the file of the lock and run the command again",
    cause,
  });
}

/** Renames a damaged state, at which the next run would stop. */
async function setAsideDamagedState(
  { guard, say }: InspectStateOptions,
  { state }: StateFiles,
): Promise<void> {
  if (!(await isStateDamaged(state))) return;
  const aside = `${state}.damaged`;
  guard.assertHeld();
  await rename(state, aside);
  say(`state: ${state} cannot be read; kept as ${aside}`);
}
