import { VmrigError, isVmrigError } from "../../errors/vmrig-error.ts";
import type { CopyName } from "../../lease/keys.ts";
import { compareStates, type StateChange } from "../../provision/state/describe-change.ts";
import { readKeptVersion } from "../../provision/state/read-version.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { withState, type StateOperation } from "./with-state.ts";

/** What a return to an earlier version changes. */
export interface ReturnPreview {
  /** Number of the newest version. */
  readonly newest: number;
  /** Missing when one of the two versions is not readable. */
  readonly change: StateChange | undefined;
}

/** Compares the newest version of a state with an earlier one, without a lease. */
export async function previewReturn(
  states: StateStore,
  copy: CopyName,
  to: number,
): Promise<ReturnPreview> {
  const { text } = await readKeptVersion(states, copy, to);
  const newest = await states.newestVersion(copy);
  if (to === newest) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `Version ${to} of the state of "${copy.copy}" is the newest already.`,
      hint: `see all with \`vmrig state history --copy ${copy.copy}\``,
    });
  }
  const current = await states.read(copy).catch((error: unknown) => {
    if (isVmrigError(error) && error.code === "STATE_LOST") return undefined;
    throw error;
  });
  return { newest, change: compareStates(current?.text ?? "", text) };
}

/**
 * Makes an earlier version of a state the newest one. Changes no machine: the next run compares the
 * machines with this state.
 *
 * @param options.from the version that was the newest in the preview
 * @returns the new version
 * @throws VmrigError `STATE_UNWRITABLE` when the state was changed since the preview;
 *   `CONFIG_INVALID`, `STATE_LOST`; the faults of the store
 */
export async function returnToVersion(
  options: StateOperation & { readonly from: number; readonly to: number },
): Promise<number> {
  const { copy, from, to } = options;
  return await withState({ ...options, toReplace: true }, async ({ session }) => {
    if (session.version !== from) {
      throw new VmrigError("STATE_UNWRITABLE", {
        message: `The state of "${copy.copy}" was changed while this command waited for the lease.`,
        details: [`version ${session.version} is the newest; it was ${from}`],
        hint: `see what changed with \`vmrig state history --copy ${copy.copy}\`, and run again`,
      });
    }
    await session.returnTo(to);
    return session.version;
  });
}
