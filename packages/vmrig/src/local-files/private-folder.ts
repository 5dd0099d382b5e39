import { chmod, lstat, mkdir } from "node:fs/promises";
import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * Makes a folder that this user alone may enter, or checks that one is: in a shared `/tmp` anybody
 * can make a folder of that name first and listen on a socket in it.
 *
 * @throws VmrigError `FOLDER_UNSAFE` when it is somebody else's, a link, or was open for others to
 *   write to
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST")
      throw unsafe(path, `cannot be made (${error.code ?? error.message})`);
  });
  const found = await lstat(path);
  const me = process.getuid?.();
  if (!found.isDirectory())
    throw unsafe(path, found.isSymbolicLink() ? "is a symbolic link" : "is not a folder");
  if (found.uid !== me) throw unsafe(path, `belongs to user ${found.uid}, not to ${me}`);
  if ((found.mode & 0o022) !== 0)
    throw unsafe(path, `is open for others to write to (mode ${(found.mode & 0o777).toString(8)})`);
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}

function unsafe(path: string, why: string): VmrigError {
  return new VmrigError("FOLDER_UNSAFE", {
    message: `${path} ${why}.`,
    hint: "look at what is in it, remove it, and start again: vmrig makes it with mode 700",
  });
}
