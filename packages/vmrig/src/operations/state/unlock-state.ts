import { copyNames } from "../../config/copy-spec.ts";
import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import { openRunningStore } from "../../gate/store/open-store.ts";
import { renderCurrentHolder, type CurrentHolder } from "../../lease/current-holder.ts";
import { forceRelease } from "../force-release.ts";
import { withState, type StateOperation } from "./with-state.ts";

export interface Unlocked {
  /** Holders whose lease was ended by force. */
  readonly released: readonly CurrentHolder[];
  /**
   * Fence under which the state was claimed: all earlier runs are refused. Missing when the next
   * run in the queue got the copy first.
   */
  readonly fence?: number;
  /** Names of machines that an apply has not completed. */
  readonly applying: readonly string[];
}

/**
 * Ends the lock of a state, which is the lease of its copy. Then claims the state once, so that the
 * store refuses a late write of an earlier holder.
 *
 * @param options.force ends the lease of a holder, as `vmrig release --force` does
 * @throws VmrigError `RIG_BUSY` while the lease is held, with its holder, and without force
 */
export async function unlockState(
  options: StateOperation & { readonly force: boolean },
): Promise<Unlocked> {
  const { rig, copy, force } = options;
  if (!force) await refuseHeld(options);
  const released = force ? await forceRelease({ ...options, only: copy.copy }) : [];
  try {
    // Waits for no other: a run that gets the copy claims the state itself.
    const atOnce = { ...rig, lease: { ...rig.lease, onBusy: "fail" as const } };
    return await withState(
      { ...options, rig: atOnce, toReplace: true },
      async ({ session, fence }) => ({ released, fence, applying: session.applying }),
    );
  } catch (error) {
    if (force && isVmrigError(error) && error.code === "RIG_BUSY")
      return { released, applying: [] };
    throw error;
  }
}

async function refuseHeld({ rig, folders, copy }: StateOperation): Promise<void> {
  await using store = await openRunningStore(rig, folders);
  const view = await store?.view({ rig: rig.name, copies: copyNames(rig) });
  const held = view?.copies.find((one) => one.copy === copy.copy)?.held;
  if (held === undefined) return;
  throw new VmrigError("RIG_BUSY", {
    message: `The state of "${copy.copy}" is locked by the lease of its copy.`,
    details: [renderCurrentHolder(held)],
    hint:
      held.retained === undefined
        ? `wait for this run; if it does not exit, run \`vmrig state unlock --force --copy ${copy.copy}\``
        : `if it was retained for you, run \`vmrig release --copy ${copy.copy}\`; otherwise \`vmrig state unlock --force --copy ${copy.copy}\``,
  });
}
