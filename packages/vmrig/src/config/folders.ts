import { createHash } from "node:crypto";
import { mkdir, realpath } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { explainWriteErrors } from "../local-files/explain-write-errors.ts";
import { ensurePrivateFolder } from "../local-files/private-folder.ts";

/** Where vmrig keeps its things on this computer. Absolute paths. */
export interface Folders {
  /** What must not be lost: Terraform's state, the machines' disks, the embedded Redis' data. */
  readonly state: string;
  /** What can be made again: images. */
  readonly cache: string;
  /**
   * Sockets. Short, because a socket's path may have 104 bytes, and the same in every terminal of
   * this user.
   */
  readonly runtime: string;
}

/**
 * `VMRIG_HOME` and `VMRIG_CACHE`, else the XDG folders. The runtime folder follows from the state
 * folder, so that two homes never share a socket, and one home has the same ones by whatever path
 * it is reached.
 *
 * @param temporary Where the runtime folder is made.
 * @throws VmrigError `STATE_UNWRITABLE` when the state folder cannot be made; `FOLDER_UNSAFE` when
 *   somebody else owns the runtime folder, or may write to it
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
  // Not by name: not every user of a container has one.
  const own = join(temporary, `vmrig-${process.getuid?.() ?? userInfo().username}`);
  const runtime = join(own, digest(state));
  await ensurePrivateFolder(own);
  await ensurePrivateFolder(runtime);
  return { state, cache, runtime };
}

/**
 * "All paths set in these environment variables must be absolute"; others count as not set (XDG
 * Base Directory Specification).
 */
function base(folder: string | undefined): string | undefined {
  return folder !== undefined && isAbsolute(folder) ? folder : undefined;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}
