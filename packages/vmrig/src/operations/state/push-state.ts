import { VmrigError } from "../../errors/vmrig-error.ts";
import { whyNoState } from "../../provision/state/check-format.ts";
import type { StateSession } from "../../provision/state/state-session.ts";
import { parseStamp } from "../../provision/state/stamp.ts";
import { withState, type StateOperation } from "./with-state.ts";

export interface PushStateOptions extends StateOperation {
  /** The state, and its place for errors. */
  readonly file: { readonly text: string; readonly shown: string };
  /** Version that the file was made from. 0: there was no state. */
  readonly base: number;
}

/**
 * Stores a state that a person changed, or that Terraform could not save, if it was made from the
 * newest version. Also replaces a newest version that is damaged.
 *
 * @returns the new version
 * @throws VmrigError `STATE_UNWRITABLE` when the file was made from another version, is no state, has
 *   another lineage, or a serial that is not larger
 */
export async function pushState(options: PushStateOptions): Promise<number> {
  const { file, base, copy } = options;
  // Before the wait in the queue: an error after the wait would come much too late.
  const noState = whyNoState(file.text);
  if (noState !== undefined) throw refused(options, noState, "give the file that Terraform wrote");
  return await withState({ ...options, toReplace: true }, async ({ session }) => {
    if (base !== session.version) {
      throw refused(
        options,
        `it was made from version ${base}, and the newest is ${session.version}`,
        `see what changed with \`vmrig state history --copy ${copy.copy}\`, and make the change in a new copy of the state: \`vmrig state pull --copy ${copy.copy}\``,
      );
    }
    const why = session.whyUnacceptable(file.text);
    if (why !== undefined && session.text !== file.text)
      throw refused(options, why, hintFor(session));
    await session.save(file.text, `pushed from version ${base}`);
    return session.version;
  });
}

function hintFor({ text = "" }: StateSession): string {
  const { serial = 0, lineage } = parseStamp(text) ?? {};
  return `set its "serial" to ${serial + 1}, if its "lineage" is ${lineage}`;
}

function refused({ copy, file }: PushStateOptions, why: string, hint: string): VmrigError {
  return new VmrigError("STATE_UNWRITABLE", {
    message: `The state in ${file.shown} was not stored for "${copy.copy}": ${why}.`,
    hint,
  });
}
