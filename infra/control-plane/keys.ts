import { readFile } from "node:fs/promises";
import { writeTextAtomically } from "../../packages/vmrig/src/local-files/atomic-write.ts";
import { generateKeyPair, type KeyPair } from "../../packages/vmrig/src/ssh/keys.ts";
import type { ControlFiles } from "./folder.ts";

export interface Keys {
  /** Logs in as root. */
  readonly control: KeyPair;
  /** Host key of the first boot. The user data contains it, so it is replaced at once. */
  readonly firstHost: KeyPair;
}

/** Reads the keys of the operator, and makes those that do not exist yet. */
export async function loadKeys(files: ControlFiles): Promise<Keys> {
  return {
    control: await loadKey(files.controlKey, "vmrig control plane"),
    firstHost: await loadKey(files.firstHostKey, ""),
  };
}

async function loadKey(path: string, comment: string): Promise<KeyPair> {
  const read = (file: string): Promise<string | undefined> =>
    readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
  const [privateKey, publicKey] = [await read(path), await read(`${path}.pub`)];
  if (privateKey !== undefined && publicKey !== undefined)
    return { privateKey, publicKey: publicKey.trim() };
  const pair = generateKeyPair(comment);
  await writeTextAtomically(path, pair.privateKey, { sync: true });
  // Last: without it the pair was never used.
  await writeTextAtomically(`${path}.pub`, `${pair.publicKey}\n`, { sync: true });
  return pair;
}
