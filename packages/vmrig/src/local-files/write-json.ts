import { rename, rm, writeFile } from "node:fs/promises";
import { explainWriteErrors } from "./explain-write-errors.ts";

/**
 * Writes a note that others read whenever they like: beside its place, then moved over what was
 * there. Nobody else may read it.
 *
 * @throws VmrigError `STATE_UNWRITABLE` when the disk does not take it; what was there stays, and
 *   nothing else does
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
