import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * What a full, read-only or foreign disk answers: nothing that a program could mend, and nothing
 * that is a bug of it.
 */
const REFUSALS: Readonly<Record<string, string>> = {
  ENOSPC: "make room on this disk",
  EDQUOT: "make room: your quota of this disk is used up",
  EROFS:
    "its file system is read-only: mount it for writing, or keep vmrig's things elsewhere with VMRIG_HOME and VMRIG_CACHE",
  EACCES: "make it yours: a run as root may have left it behind",
  EPERM: "make it yours: a run as root may have left it behind",
  ENOTDIR: "a part of this path is a file: move it away",
  EEXIST: "something else has this name: move it away",
  EMFILE: "too many files are open: raise `ulimit -n`",
};

/**
 * Runs what writes to `path`, and tells a refusal of the file system as one that a person can act
 * on. Anything else is thrown as it is.
 *
 * @throws VmrigError `STATE_UNWRITABLE` with the path and the system's code
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
