import { join } from "node:path";
import { systemClock } from "../../clock/clock.ts";
import { copiesFolder } from "../../config/copy-spec.ts";
import type { Folders } from "../../config/folders.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import { DEFAULT_NAMESPACE } from "../../redis/namespace.ts";
import {
  encryptedStore,
  type EncryptedStore,
} from "../../provision/state/encryption/encrypted-store.ts";
import { parseStateKeys, type StateKey } from "../../provision/state/encryption/state-keys.ts";
import { openStateStore } from "../../provision/state/open-state-store.ts";
import type { StateOptions } from "../../provision/state/state-options.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { namespaceOf, storeAddresses } from "./open-store.ts";

/**
 * Opens the store of the rig's Terraform states, which are encrypted when `VMRIG_STATE_KEY` is set.
 *
 * @throws VmrigError `CONFIG_INVALID` for a key that is not valid; `REDIS_UNREACHABLE`
 */
export async function openStates(
  rig: ResolvedRig,
  folders: Folders,
  env: NodeJS.ProcessEnv = process.env,
): Promise<EncryptedStore> {
  const keys = stateKeys(env);
  // The key may be that of a shared rig: states on this computer from a time before it are readable.
  const acceptClear = stateOptions(rig).store === "file";
  return encryptedStore(await openPlainStates(rig, folders, env), { keys, acceptClear });
}

/** Opens the store without decryption, to change the keys. */
export function openPlainStates(
  rig: ResolvedRig,
  folders: Folders,
  env: NodeJS.ProcessEnv = process.env,
  options: StateOptions = stateOptions(rig),
): Promise<StateStore> {
  return openStateStore(options, {
    folder: copiesFolder(folders),
    folderOf: ({ copy }) => stateFiles({ folder: join(copiesFolder(folders), copy) }).versions,
    redis: storeAddresses(rig, folders, env),
    namespace: namespaceOf(rig.redis).namespace ?? DEFAULT_NAMESPACE,
    clock: systemClock,
    environment: env,
  });
}

/** Keys of `VMRIG_STATE_KEY`; none when it is not set. */
export function stateKeys(env: NodeJS.ProcessEnv = process.env): readonly StateKey[] {
  const text = env["VMRIG_STATE_KEY"] ?? "";
  return text === "" ? [] : parseStateKeys(text);
}

/** Returns the store that the config names, or the default of its driver. */
export function stateOptions({ driver, state }: ResolvedRig): StateOptions {
  return state ?? { store: driver.locality === "shared" ? "redis" : "file" };
}
