import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { VmrigError } from "../errors/vmrig-error.ts";

/** Where vmrig keeps its things on this computer. Absolute paths. */
export interface Folders {
  /** What must not be lost: Terraform's state, the machines' disks, the embedded Redis' data. */
  readonly state: string;
  /** What can be made again: images. */
  readonly cache: string;
  /** Sockets. Short, because a socket's path may have 104 bytes, and the same in every terminal of this user. */
  readonly runtime: string;
}

/**
 * `VMRIG_HOME` and `VMRIG_CACHE`, else the XDG folders. The runtime folder follows from the state folder, so that two homes never share a
 * socket.
 *
 * @throws VmrigError `CONFIG_INVALID` when somebody else owns the runtime folder, or may write to it
 */
export async function openFolders(env: NodeJS.ProcessEnv = process.env): Promise<Folders> {
  const state = env["VMRIG_HOME"] ?? join(env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "vmrig");
  const cache = env["VMRIG_CACHE"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "vmrig");
  const own = join("/tmp", `vmrig-${userInfo().uid}`);
  const runtime = join(own, digest(state));
  await mkdir(state, { recursive: true, mode: 0o700 });
  for (const folder of [own, runtime]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await assertPrivate(folder);
  }
  return { state, cache, runtime };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}

async function assertPrivate(folder: string): Promise<void> {
  const entry = await lstat(folder);
  if (entry.isDirectory() && entry.uid === userInfo().uid && (entry.mode & 0o077) === 0) return;
  throw new VmrigError("CONFIG_INVALID", {
    message: `${folder} is not a private folder of this user (owner ${entry.uid}, mode ${(entry.mode & 0o7777).toString(8)}).`,
    hint: "somebody else may have made it: look at it and remove it",
  });
}
