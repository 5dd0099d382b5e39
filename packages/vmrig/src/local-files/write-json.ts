import { rename, rm, writeFile } from "node:fs/promises";
import { explainWriteErrors } from "./explain-write-errors.ts";

/**
 * Writes a JSON file that other processes may read at any time: to a temporary file next to it,
 * which is then renamed over the old file. Only this user can read the file.
 *
 * @throws VmrigError `STATE_UNWRITABLE` when the disk refuses the write. The old file stays, and no
 *   temporary file is left.
 */
export async function writeJsonAtomically(path: string, value: unknown): Promise<void> {
  const mine = `${path}.${process.pid}`;
  await explainWriteErrors(path, async () => {
    try {
      await writeFile(mine, JSON.stringify(value), { mode: 0o600 });
      await rename(mine, path);
    } catch (error) {
      await rm(mine, { force: true }).catch(() => {});
      throw error;
    }
  });
}
