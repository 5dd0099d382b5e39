import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Folders } from "../../config/folders.ts";
import type { Finding } from "../../driver/finding.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import { writeIdentity } from "../identity.ts";
import { failure } from "./finding.ts";

const WHAT = "SSH keys";

/**
 * Generates a key, as each lease does, and stores it, as `vmrig ssh` does. Some file systems cannot
 * keep a file private, and some builds of Node.js lack Ed25519.
 */
export async function examineKeys({ runtime }: Pick<Folders, "runtime">): Promise<Finding> {
  try {
    const { privateKey, publicKey } = generateKeyPair();
    await using identity = await writeIdentity(runtime, "doctor", {
      host: "localhost",
      port: 22,
      user: "vmrig",
      hostKey: publicKey,
      privateKey,
    });
    const [folder, file] = await Promise.all([modeOf(dirname(identity.key)), modeOf(identity.key)]);
    const measured = `created with mode ${file.toString(8)} in a folder with mode ${folder.toString(8)}`;
    if (folder === 0o700 && file === 0o600) return { what: WHAT, status: "ok", measured };
    const fix = `put ${runtime} on a file system that keeps permissions`;
    return { what: WHAT, status: "fail", measured, fix };
  } catch (error) {
    return failure(
      WHAT,
      error,
      `check ${runtime}: it must be your own folder, with mode 700, on a disk with free space`,
    );
  }
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}
