import { VmrigError } from "../errors/vmrig-error.ts";

const NOT_YOURS =
  "make it writable for your user. If you once ran vmrig as root: `chown` it to your user";

/**
 * Remedy for each error code of a full, read-only or foreign disk. A program cannot fix such a
 * disk, and the failure is not a bug of vmrig.
 */
const REFUSALS: Readonly<Record<string, string>> = {
  ENOSPC: "free some space on this disk",
  EDQUOT: "free some space: your quota of this disk is used up",
  EROFS:
    "its file system is read-only: mount it writable, or move vmrig's folders elsewhere with VMRIG_HOME and VMRIG_CACHE",
  EACCES: NOT_YOURS,
  EPERM: NOT_YOURS,
  ENOTDIR: "a part of this path is a file: move it away",
  EISDIR: "a folder has this name: move it away",
  EEXIST: "something else has this name: move it away",
  EMFILE: "too many files are open: raise `ulimit -n`",
};

/**
 * Runs `write`, and explains an error of the file system with a remedy. Any other error is rethrown
 * unchanged.
 *
 * @throws VmrigError `STATE_UNWRITABLE` with the path and the system's error code
 */
export async function explainWriteErrors<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code = "", path: at = path, message } = error as NodeJS.ErrnoException;
    const hint = REFUSALS[code];
    if (hint === undefined) throw error;
    throw new VmrigError("STATE_UNWRITABLE", {
      message: `${at} cannot be written: ${message}.`,
      hint,
      cause: error,
    });
  }
}
