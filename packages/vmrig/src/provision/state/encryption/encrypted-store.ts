import { VmrigError } from "../../../errors/vmrig-error.ts";
import type { CopyName } from "../../../lease/keys.ts";
import { checkSize } from "../size-limit.ts";
import type { StateStore, StoredState } from "../state-store.ts";
import { parseEnvelope, seal, unseal, type Envelope } from "./envelope.ts";
import type { StateKey } from "./state-keys.ts";

export interface EncryptionOptions {
  /** The first encrypts. Empty: states are stored in clear, and encrypted ones are refused. */
  readonly keys: readonly StateKey[];
  /**
   * Whether to read a state that is stored in clear although there is a key, as it must be when the
   * key is new.
   *
   * @defaultValue false
   */
  readonly acceptClear?: boolean;
}

export interface EncryptedStore extends StateStore {
  /** Whether there is a key. Without one, texts are stored in clear. */
  readonly encrypts: boolean;
}

/** Wraps a store, so that it only sees encrypted texts. The facts of a version stay in clear. */
export function encryptedStore(store: StateStore, options: EncryptionOptions): EncryptedStore {
  const [first] = options.keys;
  const open = (copy: CopyName, state: StoredState): StoredState =>
    decrypt({ copy, state, shown: store.shown }, options);

  return {
    shown: store.shown,
    encrypts: first !== undefined,

    async claim(copy, fence) {
      const result = await store.claim(copy, fence);
      if (result.outcome === "fenced" || result.current === undefined) return result;
      return { ...result, current: open(copy, result.current) };
    },

    async write(copy, write) {
      checkSize(write.text, copy.copy, store.shown);
      if (first === undefined) return await store.write(copy, write);
      const text = seal(write.text, first, { copy, version: write.base + 1 });
      return await store.write(copy, { ...write, text });
    },

    newestVersion: (copy) => store.newestVersion(copy),

    async read(copy) {
      const state = await store.read(copy);
      return state && open(copy, state);
    },

    history: (copy) => store.history(copy),

    async readVersion(copy, version) {
      const state = await store.readVersion(copy, version);
      return state && open(copy, state);
    },

    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

interface Encrypted {
  readonly copy: CopyName;
  readonly state: StoredState;
  readonly shown: string;
}

function decrypt(
  { copy, state, shown }: Encrypted,
  { keys, acceptClear = false }: EncryptionOptions,
): StoredState {
  const which = `Version ${state.version} of the state of "${copy.copy}" in ${shown}`;
  let envelope: Envelope | undefined;
  try {
    envelope = parseEnvelope(state.text);
  } catch (error) {
    throw changed(which, error);
  }
  if (envelope === undefined) {
    if (keys.length === 0 || acceptClear) return state;
    throw new VmrigError("STATE_KEY_MISSING", {
      message: `${which} is not encrypted, although VMRIG_STATE_KEY is set.`,
      hint: "if it comes from a time before the key, encrypt it with `vmrig state rekey`",
    });
  }
  const { key: id } = envelope;
  const key = keys.find((one) => one.id === id);
  if (key === undefined) {
    throw new VmrigError("STATE_KEY_MISSING", {
      message: `${which} is encrypted with the key ${id}.`,
      details: [`VMRIG_STATE_KEY has ${keys.map((one) => one.id).join(", ") || "no key"}`],
      hint: "set VMRIG_STATE_KEY to the key of your team; after a rotation, to both keys",
    });
  }
  try {
    return { ...state, text: unseal(envelope, key, { copy, version: state.version }) };
  } catch (error) {
    throw changed(which, error);
  }
}

function changed(which: string, cause: unknown): VmrigError {
  return new VmrigError("STATE_LOST", {
    message: `${which} was changed outside of vmrig, or is a copy of another version.`,
    hint: "find out who can write to the store, and return to an earlier version: `vmrig state rollback`",
    cause,
  });
}
