import type { Inventory } from "../driver/inventory.ts";
import type { CopySpec, Driver, Fingerprint } from "../driver/driver.ts";
import { isVmrigError } from "../errors/vmrig-error.ts";
import type { Holder } from "../lease/lease.ts";
import { waitForEarlierEngine } from "./earlier-run/engine-record.ts";
import type { LeaseGuard } from "./lease-guard.ts";
import { takeOverNativeState } from "./earlier-run/native-state.ts";
import type { StateFiles } from "./state-files.ts";
import { openStateFolder } from "./state-folder.ts";
import { stateOf, type State } from "./state.ts";
import { StateSession } from "./state/state-session.ts";
import type { StateStore } from "./state/state-store.ts";
import { findTerraform, type TerraformBinary } from "./terraform-binary.ts";
import { saveUnsavedState } from "./earlier-run/unsaved-state.ts";

export interface InspectStateOptions {
  readonly driver: Driver;
  readonly copy: CopySpec;
  /** Not needed to destroy, because the image that it describes may be gone. */
  readonly fingerprint?: Fingerprint;
  readonly guard: LeaseGuard;
  /** Where the state of the copy is stored. */
  readonly states: StateStore;
  /** Who changes the state, for its history. */
  readonly by: Holder;
  readonly say: (line: string) => void;
  /**
   * Whether to continue without a state that is damaged. Only for the removal of all machines,
   * which the driver finds without it.
   *
   * @defaultValue false
   */
  readonly replaceDamaged?: boolean;
  /** Whether a state that no key decrypts counts as damaged. @defaultValue false */
  readonly lostKey?: boolean;
}

/**
 * State and machines of a copy before any change: the Terraform state, and the inventory of the
 * driver.
 */
export interface StateInspection {
  readonly files: StateFiles;
  readonly terraform: TerraformBinary;
  readonly session: StateSession;
  readonly state: State | undefined;
  readonly inventory: Inventory;
}

/**
 * Claims the state of a copy and reads its machines, after the Terraform of an earlier run has
 * ended. From then on no earlier run can write the state.
 *
 * @throws VmrigError `TERRAFORM_MISSING`, `TERRAFORM_FAILED`, `STATE_UNWRITABLE`; `FENCED` when a
 *   later run has claimed the state; `STATE_LOST` when it is damaged; the faults of the store
 */
export async function inspectState(options: InspectStateOptions): Promise<StateInspection> {
  const { driver, copy, guard, states, by, say } = options;
  guard.assertHeld();
  const files = await openStateFolder(copy);
  const terraform = await findTerraform();
  await waitForEarlierEngine({ files, copy: copy.copy, signal: guard.signal, say });
  guard.assertHeld();
  const claim = { store: states, copy, fence: guard.fence, by };
  const { replaceDamaged = false, lostKey = false } = options;
  const session = replaceDamaged
    ? await StateSession.openToReplace(claim, { lostKey })
    : await StateSession.open(claim);
  await takeOverNativeState({ session, files, say, replaceDamaged });
  await saveUnsavedState({ session, files, say });
  return {
    files,
    terraform,
    session,
    state: await parseOrReplace(options, session),
    inventory: await driver.inspect(copy),
  };
}

async function parseOrReplace(
  { replaceDamaged = false, say }: InspectStateOptions,
  session: StateSession,
): Promise<State | undefined> {
  const replace = async (): Promise<undefined> => {
    await session.replaceDamaged();
    say(`state: version ${session.version - 1} cannot be read; it stays in the history`);
  };
  if (session.text === undefined && session.version > 0) return await replace();
  try {
    return await stateOf(session);
  } catch (error) {
    if (!replaceDamaged || !isVmrigError(error) || error.code !== "STATE_LOST") throw error;
    return await replace();
  }
}
