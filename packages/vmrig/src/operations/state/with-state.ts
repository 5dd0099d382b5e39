import type { CopySpec } from "../../driver/driver.ts";
import type { GateOptions } from "../../gate/gate-options.ts";
import { openStates } from "../../gate/store/open-states.ts";
import { openStore } from "../../gate/store/open-store.ts";
import { waitForEarlierEngine } from "../../provision/earlier-run/engine-record.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { StateSession } from "../../provision/state/state-session.ts";
import { saveUnsavedState } from "../../provision/earlier-run/unsaved-state.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { withLease } from "../with-lease.ts";

export interface StateOperation extends Pick<GateOptions, "rig" | "folders" | "holder" | "say"> {
  readonly copy: CopySpec;
  /** Leaves the queue when it aborts. */
  readonly signal: AbortSignal;
}

export interface ChangeStateOptions extends StateOperation {
  /** Opens the store that has the state. @defaultValue the store of the config */
  readonly open?: () => Promise<StateStore>;
  /** Whether the newest version may be damaged. @defaultValue false */
  readonly toReplace?: boolean;
}

/** A claimed state, whose lease is held. */
export interface HeldState {
  readonly session: StateSession;
  readonly states: StateStore;
  readonly fence: number;
}

/**
 * Changes the state of a copy under its lease, after the Terraform of an earlier run on this
 * computer has ended. Then removes the copy's record beside the lease, so that the next run compares
 * the state with the machines.
 *
 * @throws VmrigError `RIG_BUSY`, `FENCED`, `STATE_LOST`; the faults of the store
 */
export async function withState<T>(
  options: ChangeStateOptions,
  work: (held: HeldState) => Promise<T>,
): Promise<T> {
  const { rig, folders, copy, holder, say } = options;
  const { open = () => openStates(rig, folders), toReplace = false } = options;
  await using store = await openStore(rig, folders);
  await using states = await open();
  return await withLease({ ...options, store }, async (guard, lease) => {
    const files = stateFiles(copy);
    await waitForEarlierEngine({ files, copy: copy.copy, signal: guard.signal, say });
    guard.assertHeld();
    const claim = { store: states, copy, fence: guard.fence, by: holder };
    const session = await (toReplace
      ? StateSession.openToReplace(claim)
      : StateSession.open(claim));
    guard.assertHeld();
    // What an earlier Terraform left is based on the version before this change.
    if (!toReplace && options.open === undefined) await saveUnsavedState({ session, files, say });
    const result = await work({ session, states, fence: guard.fence });
    await store.dropRecord(lease);
    return result;
  });
}
