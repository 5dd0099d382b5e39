import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { explainWriteErrors } from "./explain-write-errors.ts";
import { formatIdentity, identifyProcess } from "./process-identity.ts";

/**
 * Writes a JSON file that other processes may read at any time. Only this user can read the file.
 *
 * @throws VmrigError `STATE_UNWRITABLE` when the disk refuses the write; the old file stays
 */
export async function writeJsonAtomically(path: string, value: unknown): Promise<void> {
  await writeTextAtomically(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

/**
 * Writes a text file that other processes may read at any time: to a temporary file next to it,
 * which is then renamed over the old file. The file is not synced, because `fsync` takes 3 to 30
 * ms: readers treat a file that a power failure truncated as missing.
 *
 * @param options.mode Permissions of the file. @defaultValue 0600
 * @throws VmrigError `STATE_UNWRITABLE` when the disk refuses the write. The old file stays, and no
 *   temporary file is left.
 */
export async function writeTextAtomically(
  path: string,
  text: string,
  { mode = 0o600 }: { readonly mode?: number } = {},
): Promise<void> {
  const temporary = await temporaryPath(path);
  await explainWriteErrors(path, async () => {
    try {
      await writeFile(temporary, text, { mode });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  });
}

/**
 * Returns a path for a file that this process writes, and then renames to `path`. The random part
 * separates concurrent writers of this process. `vmrig sweep` finds the file of a killed writer by
 * the identity at the end.
 */
export async function temporaryPath(path: string): Promise<string> {
  const writer = formatIdentity(await identifyProcess(process.pid));
  return `${path}.${randomUUID().slice(0, 8)}.${writer}`;
}
