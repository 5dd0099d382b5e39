import { VmrigError } from "../../errors/vmrig-error.ts";
import { openPlainStates, stateKeys } from "../../gate/store/open-states.ts";
import type { CopyName } from "../../lease/keys.ts";
import { encryptedStore } from "../../provision/state/encryption/encrypted-store.ts";
import { parseEnvelope } from "../../provision/state/encryption/envelope.ts";
import type { StateKey } from "../../provision/state/encryption/state-keys.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { withState, type StateOperation } from "./with-state.ts";

export interface Rekeyed {
  /** Number of the newest version; 0 when there is no state. */
  readonly version: number;
  /** Whether it was stored again. Otherwise it had the key already. */
  readonly stored: boolean;
  /** Id of the key of the newest version. */
  readonly key: string;
  /** Kept versions that another key encrypts, by its id; or that are in clear. */
  readonly others: ReadonlyMap<string | undefined, readonly number[]>;
}

/**
 * Stores the newest version of a state again, encrypted with the first key. Also encrypts a state
 * that is in clear.
 *
 * @throws VmrigError `STATE_KEY_MISSING` without a key, or without the key of the newest version
 */
export async function rekeyState(options: StateOperation): Promise<Rekeyed> {
  const { rig, folders, copy } = options;
  const keys = stateKeys();
  const [first] = keys;
  if (first === undefined) {
    throw new VmrigError("STATE_KEY_MISSING", {
      message: "VMRIG_STATE_KEY is not set, so there is no key to encrypt with.",
      hint: "create a key with `openssl rand -base64 32`, and put it first: VMRIG_STATE_KEY=new,old",
    });
  }
  await using plain = await openPlainStates(rig, folders);
  const open = async () =>
    encryptedStore(await openPlainStates(rig, folders), { keys, acceptClear: true });
  return await withState({ ...options, open }, async ({ session }) => {
    const { text } = session;
    const stored = text !== undefined && (await keyOf(plain, copy, session.version)) !== first.id;
    if (stored) await session.replace(text, { summary: `encrypted with key ${first.id}` });
    const { id: key } = first;
    return { version: session.version, stored, key, others: await otherKeys(plain, copy, first) };
  });
}

/** Returns the id of the key of a version; `undefined` for a version in clear. */
async function keyOf(
  plain: StateStore,
  copy: CopyName,
  version: number,
): Promise<string | undefined> {
  const state = await plain.readVersion(copy, version);
  return state === undefined ? undefined : parseEnvelope(state.text)?.key;
}

async function otherKeys(
  plain: StateStore,
  copy: CopyName,
  first: StateKey,
): Promise<Map<string | undefined, number[]>> {
  const others = new Map<string | undefined, number[]>();
  for (const { version } of await plain.history(copy)) {
    // No key opens a damaged version.
    const key = await keyOf(plain, copy, version).catch(() => first.id);
    if (key !== first.id) others.set(key, [...(others.get(key) ?? []), version]);
  }
  return others;
}
