import { createHash } from "node:crypto";
import { mkdir, realpath } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { explainWriteErrors } from "../local-files/explain-write-errors.ts";
import { ensurePrivateFolder } from "../local-files/private-folder.ts";

/** Folders of vmrig on this computer. Absolute paths. */
export interface Folders {
  /**
   * Data that must not be lost: Terraform's state, the machines' disks, the embedded Redis' data.
   */
  readonly state: string;
  /** Data that can be created again: images. */
  readonly cache: string;
  /**
   * Sockets. The path is short, because a socket's path may have 104 bytes. It is the same in every
   * terminal of this user.
   */
  readonly runtime: string;
}

/**
 * Opens the folders of `VMRIG_HOME` and `VMRIG_CACHE`, or else the XDG folders. The path of the
 * runtime folder is derived from the state folder. Two homes therefore never share a socket, and
 * one home has the same sockets by every path that leads to it.
 *
 * @param temporary folder in which the runtime folder is created
 * @throws VmrigError `STATE_UNWRITABLE` when the state folder cannot be created; `FOLDER_UNSAFE`
 *   when another user owns the runtime folder, or may write to it
 */
export async function openFolders(
  env: NodeJS.ProcessEnv = process.env,
  temporary = "/tmp",
): Promise<Folders> {
  const wanted = resolve(
    env["VMRIG_HOME"] ||
      join(base(env["XDG_STATE_HOME"]) ?? join(homedir(), ".local", "state"), "vmrig"),
  );
  const cache = resolve(
    env["VMRIG_CACHE"] || join(base(env["XDG_CACHE_HOME"]) ?? join(homedir(), ".cache"), "vmrig"),
  );
  await explainWriteErrors(wanted, () => mkdir(wanted, { recursive: true, mode: 0o700 }));
  const state = await realpath(wanted);
  // The uid, because not every user of a container has a name.
  const own = join(temporary, `vmrig-${process.getuid?.() ?? userInfo().username}`);
  const runtime = join(own, digest(state));
  await ensurePrivateFolder(own);
  await ensurePrivateFolder(runtime);
  return { state, cache, runtime };
}

/**
 * Returns an absolute path. "All paths set in these environment variables must be absolute"; others
 * count as not set (XDG Base Directory Specification).
 */
function base(folder: string | undefined): string | undefined {
  return folder !== undefined && isAbsolute(folder) ? folder : undefined;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}
