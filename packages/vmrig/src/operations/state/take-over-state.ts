import { VmrigError } from "../../errors/vmrig-error.ts";
import type { NativeSource } from "../../provision/state/native/native-source.ts";
import {
  readNativeState,
  type ReadNativeOptions,
} from "../../provision/state/native/read-native-state.ts";
import { hasMachines, parseResources } from "../../provision/state/resources.ts";
import { verifyStored } from "./verify-stored.ts";
import { withState, type StateOperation } from "./with-state.ts";

export interface TakeOverStateOptions extends StateOperation, ReadNativeOptions {
  readonly from: NativeSource;
}

export interface TakenOver {
  readonly version: number;
  /** Printable place of the native state. */
  readonly from: string;
  readonly to: string;
  /** Addresses of its managed resources. */
  readonly resources: readonly string[];
}

/**
 * Copies a state of Terraform's own backends `local`, `pg` and `s3` into the store of the config.
 * The native state stays where it is.
 *
 * @throws VmrigError `STATE_UNWRITABLE` when the store has resources already, `STATE_LOST` when there
 *   is no native state, or none that can be taken over; the faults of both places
 */
export async function takeOverState(options: TakeOverStateOptions): Promise<TakenOver> {
  const { from, copy } = options;
  // Before the wait in the queue: an error after the wait would come much too late.
  await readNativeState(from, options);
  return await withState(options, async ({ session, states }) => {
    if (session.text !== undefined && hasMachines(session.text)) {
      throw new VmrigError("STATE_UNWRITABLE", {
        message: `The state of "${copy.copy}" in ${states.shown} has resources already.`,
        details: [`version ${session.version}`],
        hint: `see them with \`vmrig state list --copy ${copy.copy}\`; take the state over into a copy that has none`,
      });
    }
    const { text, shown } = await readNativeState(from, options);
    await session.replace(text, {
      summary: `taken over from ${shown}`,
      applying: [],
      removing: [],
    });
    await verifyStored(states, { copy, text });
    const managed = (parseResources(text) ?? []).filter((instance) => instance.managed);
    const resources = managed.map(({ address }) => address);
    return { version: session.version, from: shown, to: states.shown, resources };
  });
}
