import { randomUUID } from "node:crypto";
import type { CopySpec, Driver, Fingerprint, Inventory } from "../driver/driver.ts";
import { openStack } from "./stack.ts";
import type { StateFiles } from "./state-files.ts";
import { isStateLocked } from "./state-stamp.ts";
import { openStateFolder } from "./state-folder.ts";
import { readState, type State } from "./state.ts";
import { findTerraform, type TerraformBinary } from "./terraform-binary.ts";
import { refuseUnsavedState } from "./unsaved-state.ts";
import type { LeaseGuard } from "./lease-guard.ts";

export interface InspectStateOptions {
  readonly driver: Driver;
  readonly copy: CopySpec;
  /** Not needed to destroy: the image that it tells about may be gone. */
  readonly fingerprint?: Fingerprint;
  readonly warrant: LeaseGuard;
  readonly say: (line: string) => void;
}

/** What there is before anything is changed: what the state says, and what the driver sees. */
export interface StateInspection {
  readonly files: StateFiles;
  readonly terraform: TerraformBinary;
  readonly state: State | undefined;
  readonly inventory: Inventory;
}

/**
 * Looks at the state and at the machines of a copy, after a Terraform of an earlier run has come to
 * its end.
 *
 * @throws VmrigError `TERRAFORM_MISSING`, `TERRAFORM_FAILED`, `STATE_UNWRITABLE`, `STATE_UNSAVED`,
 *   or `STATE_LOST` when the state cannot be read
 */
export async function inspectState(options: InspectStateOptions): Promise<StateInspection> {
  const { driver, copy, warrant } = options;
  warrant.assertHeld();
  const files = await openStateFolder(copy);
  const terraform = await findTerraform();
  await outlast({ ...options, files, terraform });
  await refuseUnsavedState(copy, files, terraform.path);
  return {
    files,
    terraform,
    state: await readState(files.state),
    inventory: await driver.inspect(copy),
  };
}

/**
 * A Terraform outlives the gate that started it, so that what it makes gets into the state. While
 * it is at work the state and the machines cannot be compared. Only Terraform can tell whether the
 * lock that it left is still held: a plan of no consequence waits for it.
 */
async function outlast(
  options: InspectStateOptions & {
    readonly files: StateFiles;
    readonly terraform: TerraformBinary;
  },
): Promise<void> {
  const { copy, say } = options;
  if (!(await isStateLocked(copy))) return;
  say(`state: waiting for the Terraform of an earlier run of ${copy.copy} to finish`);
  // Any owner will do: the state is not read, because the other may just be writing it, and the
  // plan is thrown away.
  const stack = await openStack({ ...options, owner: randomUUID() });
  await using _plan = await stack.plan();
}
