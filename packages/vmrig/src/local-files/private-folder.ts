import { chmod, lstat, mkdir } from "node:fs/promises";
import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * Creates a folder that only this user may enter, or checks that an existing folder is private. In
 * a shared `/tmp`, any user can create a folder of that name first and listen on a socket in it.
 *
 * @throws VmrigError `FOLDER_UNSAFE` when the folder belongs to another user, is a link, or was
 *   writable for others
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST")
      throw unsafe(
        path,
        `cannot be created (${error.code ?? error.message})`,
        "make the folder above it writable for your user",
      );
  });
  const found = await lstat(path);
  const me = process.getuid?.();
  if (!found.isDirectory())
    throw unsafe(path, found.isSymbolicLink() ? "is a symbolic link" : "is not a folder");
  if (found.uid !== me) throw unsafe(path, `belongs to user ${found.uid}, not to ${me}`);
  if ((found.mode & 0o022) !== 0)
    throw unsafe(path, `is writable for other users (mode ${(found.mode & 0o777).toString(8)})`);
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}

function unsafe(
  path: string,
  why: string,
  hint = "if you do not need this folder, delete it and run again: vmrig creates a private one",
): VmrigError {
  return new VmrigError("FOLDER_UNSAFE", {
    message: `${path} ${why}.`,
    hint,
  });
}
