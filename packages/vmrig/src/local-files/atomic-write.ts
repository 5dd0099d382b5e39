import { randomUUID } from "node:crypto";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
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
 * which is then renamed over the old file.
 *
 * @param options.mode Permissions of the file. @defaultValue 0600
 * @param options.sync Whether the file must survive a power failure. Without it, a power failure may
 *   truncate the file, and readers must treat such a file as missing: `fsync` takes 3 to 30 ms.
 *   @defaultValue false
 * @throws VmrigError `STATE_UNWRITABLE` when the disk refuses the write. The old file stays, and no
 *   temporary file is left.
 */
export async function writeTextAtomically(
  path: string,
  text: string,
  { mode = 0o600, sync = false }: { readonly mode?: number; readonly sync?: boolean } = {},
): Promise<void> {
  const temporary = await temporaryPath(path);
  await explainWriteErrors(path, async () => {
    try {
      await writeFile(temporary, text, { mode, flush: sync });
      await rename(temporary, path);
      if (sync) await syncFolder(dirname(path));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  });
}

/** Makes a rename survive a power failure. Windows cannot open a folder, and needs no such step. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await using handle = await open(folder, "r");
  await handle.sync();
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
