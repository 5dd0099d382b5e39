import { VmrigError } from "../../errors/vmrig-error.ts";
import { openPlainStates, stateKeys } from "../../gate/store/open-states.ts";
import type { CopyName } from "../../lease/keys.ts";
import { encryptedStore } from "../../provision/state/encryption/encrypted-store.ts";
import { parseEnvelope } from "../../provision/state/encryption/envelope.ts";
import type { StateKey } from "../../provision/state/encryption/state-keys.ts";
import { secretsName } from "../../provision/state/secrets.ts";
import { StateSession } from "../../provision/state/state-session.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { withState, type StateOperation } from "./with-state.ts";

export interface Rekeyed {
  /** Name of the copy, or of its secrets. */
  readonly name: string;
  readonly version: number;
  /** Whether it was stored again. Otherwise it had the key already. */
  readonly stored: boolean;
  /** Id of the key that it had before; `undefined` when it was in clear. */
  readonly before: string | undefined;
  /** Id of the key of the newest version. */
  readonly key: string;
  /** Kept versions that another key encrypts, by its id; or that are in clear. */
  readonly others: ReadonlyMap<string | undefined, readonly number[]>;
}

/**
 * Stores the newest version of a state again, encrypted with the first key, and the secrets beside
 * it. Also encrypts a state that is in clear.
 *
 * @returns one entry for the state, and one for the secrets, if they exist
 * @throws VmrigError `STATE_KEY_MISSING` without a key, or without the key of the newest version
 */
export async function rekeyState(options: StateOperation): Promise<readonly Rekeyed[]> {
  const { rig, folders, copy, holder: by } = options;
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
  return await withState({ ...options, open }, async ({ session, fence }) => {
    const rekeyed = [await rekey(plain, { session, name: copy, first })];
    const name = secretsName(copy);
    if ((await plain.newestVersion(name)) > 0) {
      // Unlike a state, secrets were never stored in clear.
      const store = encryptedStore(plain, { keys });
      const secrets = await StateSession.open({ store, copy: name, fence, by });
      rekeyed.push(await rekey(plain, { session: secrets, name, first }));
    }
    return rekeyed.filter(({ version }) => version > 0);
  });
}

interface Keyed {
  readonly session: StateSession;
  readonly name: CopyName;
  readonly first: StateKey;
}

async function rekey(plain: StateStore, { session, name, first }: Keyed): Promise<Rekeyed> {
  const { text } = session;
  const before = text === undefined ? undefined : await keyOf(plain, name, session.version);
  const stored = text !== undefined && before !== first.id;
  if (stored) await session.replace(text, { summary: `encrypted with key ${first.id}` });
  return {
    name: name.copy,
    version: session.version,
    stored,
    before,
    key: first.id,
    others: await otherKeys(plain, name, first),
  };
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
