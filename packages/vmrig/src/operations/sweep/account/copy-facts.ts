import { NAME_FORM } from "../../../driver/machine-folders.ts";
import { isVmrigError } from "../../../errors/vmrig-error.ts";
import type { CopyName } from "../../../lease/keys.ts";
import { decryptState } from "../../../provision/decrypt-state.ts";
import { parseState } from "../../../provision/state.ts";
import { parseResources, type StateInstance } from "../../../provision/state/resources.ts";
import type { StateStore, StoredState } from "../../../provision/state/state-store.ts";

/** What the store of the config says about the state of a copy, of any rig. */
export type CopyFacts =
  | { readonly state: "none" }
  | { readonly state: "unreadable"; readonly why: string }
  | {
      readonly state: "known";
      /** Missing after all machines were destroyed. */
      readonly owner: string | undefined;
      readonly resources: readonly StateInstance[];
      /** Time of its last write, by the clock of the writer. */
      readonly at: number;
      /** Names of what an apply may have changed since, because it did not succeed. */
      readonly applying: readonly string[];
    };

/** Labels are input: a name that vmrig does not give is never used as a key or a path. */
export function isCopyName({ rig, copy }: CopyName): boolean {
  const number = copy.startsWith(`${rig}-`) ? copy.slice(rig.length + 1) : "";
  return NAME_FORM.test(rig) && /^[1-9]\d{0,2}$/.test(number);
}

/**
 * Reads the state of a copy. A state that is damaged, or that no key decrypts, is a fact, too.
 *
 * @param read @defaultValue the newest version, without a lease
 * @throws the faults of the store
 */
export async function readFacts(
  states: StateStore,
  copy: CopyName,
  read = (): Promise<StoredState | undefined> => states.read(copy),
): Promise<CopyFacts> {
  const shown = `state of "${copy.copy}" in ${states.shown}`;
  try {
    const stored = await read();
    if (stored === undefined) return { state: "none" };
    const text = await decryptState(stored.text, shown);
    const resources = text === undefined ? undefined : parseResources(text);
    if (resources === undefined) return { state: "unreadable", why: `the ${shown} cannot be read` };
    const { at, applying } = stored;
    return { state: "known", owner: parseState(text, shown)?.owner, resources, at, applying };
  } catch (error) {
    if (isVmrigError(error) && UNREADABLE.includes(error.code))
      return {
        state: "unreadable",
        why: `its state cannot be read: ${error.summary.replace(/\.$/, "")}`,
      };
    throw error;
  }
}

const UNREADABLE: readonly string[] = ["STATE_LOST", "STATE_KEY_MISSING"];
