import { VmrigError } from "../../errors/vmrig-error.ts";
import { openPlainStates, stateKeys } from "../../gate/store/open-states.ts";
import { encryptedStore } from "../../provision/state/encryption/encrypted-store.ts";
import { hasMachines } from "../../provision/state/resources.ts";
import { parseStamp } from "../../provision/state/stamp.ts";
import type { StateOptions } from "../../provision/state/state-options.ts";
import { StateSession } from "../../provision/state/state-session.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { s3OptionsOf } from "../../provision/state/stores/s3/s3-options.ts";
import { copySecrets } from "./copy-secrets.ts";
import { checkTarget } from "./store-target.ts";
import { verifyStored } from "./verify-stored.ts";
import { withState, type HeldState, type StateOperation } from "./with-state.ts";

export interface MigrateStateOptions extends StateOperation {
  readonly to: StateOptions;
}

export interface Migrated {
  /** Version in the old store; 0 when there is no state. */
  readonly version: number;
  /** Version in the new store. */
  readonly newVersion: number;
  /** Whether the new store had this state already. */
  readonly present: boolean;
  /** Number of older versions, which stay in the old store. */
  readonly left: number;
  /** Printable places. */
  readonly from: string;
  readonly to: string;
}

/**
 * Copies the newest version of a state, and the secrets beside it, to another store, and reads them
 * back. The history stays in the old store.
 *
 * @throws VmrigError `STATE_UNWRITABLE` when the other store has a different state, or a newer one;
 *   `CONFIG_INVALID` for a store that the rig cannot use; the faults of both stores
 */
export async function migrateState(options: MigrateStateOptions): Promise<Migrated> {
  const { rig, folders, copy, holder, to } = options;
  checkTarget(rig, to);
  if (to.store === "s3") {
    const { probeS3 } = await import("../../provision/state/stores/s3/probe-s3.ts");
    await probeS3(s3OptionsOf(to));
  }
  const keys = stateKeys();
  await using target = encryptedStore(await openPlainStates(rig, folders, process.env, to), {
    keys,
  });
  // An error of the new store must not come after the wait in the queue.
  await target.newestVersion(copy);
  return await withState(options, async (held) => {
    const { session, states, fence } = held;
    const { text, version, applying, removing } = session;
    const places = { from: states.shown, to: target.shown };
    await copySecrets({ from: states, to: target, copy, fence, by: holder });
    if (text === undefined) return { version, newVersion: 0, present: false, left: 0, ...places };
    const copied = await StateSession.open({ store: target, copy, fence, by: holder });
    const present = copied.text === text;
    if (!present) {
      refuseOther(held, copied, target);
      await copied.replace(text, {
        summary: `copied from version ${version} of ${states.shown}`,
        applying,
        removing,
      });
    }
    await verifyStored(target, { copy, text });
    const left = (await states.history(copy)).length - 1;
    return { version, newVersion: copied.version, present, left, ...places };
  });
}

/** @throws VmrigError `STATE_UNWRITABLE` when the other store has a state that must stay */
function refuseOther(
  { session, states }: HeldState,
  copied: StateSession,
  target: StateStore,
): void {
  const [mine, other] = [session.text ?? "", copied.text];
  if (other === undefined || !hasMachines(other)) return;
  if (copied.whyUnacceptable(mine) === undefined) return;
  throw new VmrigError("STATE_UNWRITABLE", {
    message: `${target.shown} already has a different or a newer state. Nothing was copied.`,
    details: [
      `in ${states.shown}: version ${session.version}, ${describe(mine)}`,
      `in ${target.shown}: version ${copied.version}, ${describe(other)}`,
    ],
    hint: "if it is the right one, only change the config; otherwise copy to an empty store",
  });
}

function describe(text: string): string {
  const stamp = parseStamp(text);
  return stamp === undefined ? "damaged" : `lineage ${stamp.lineage}, serial ${stamp.serial}`;
}
