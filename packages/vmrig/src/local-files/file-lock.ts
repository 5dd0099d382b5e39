import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, readlink, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { waitFor } from "../wait/wait-for.ts";
import { explainWriteErrors } from "./explain-write-errors.ts";

export interface FileLockOptions {
  /**
   * Path of the lock on a disk of this computer. The file exists while a process holds the lock.
   */
  readonly path: string;
  /** Object that the lock protects, for errors: `pc1`. */
  readonly on: string;
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the current holder. @defaultValue 60000 */
  readonly timeoutMs?: number;
}

/**
 * Lets one process of this computer act at a time, so that the result of a check (of a fence, of a
 * process) is still true when the action runs. A killed holder loses the lock immediately. A
 * suspended holder keeps it, because it may continue in the middle of its action.
 *
 * The lock is a symbolic link whose target names the holder. Creating the link is atomic, and works
 * even on a full disk, so that an action that frees space can still run.
 *
 * @throws VmrigError `RIG_BUSY` with the holder's pid at the deadline, `STATE_UNWRITABLE`; the
 *   signal's reason; any error that `act` throws
 */
export async function withFileLock<T>(options: FileLockOptions, act: () => Promise<T>): Promise<T> {
  const { path, on, signal, timeoutMs = 60_000 } = options;
  await waitFor({
    what: "the file lock",
    on,
    code: "RIG_BUSY",
    timeoutMs,
    intervalMs: 10,
    hint: `let that process finish, or end it (the lock is ${path})`,
    ...(signal && { signal }),
    probe: async () => {
      if (await take(path)) return { value: true };
      const holder = await fileLockHolder(path);
      return { seen: holder === undefined ? "no process holds it" : `process ${holder} holds it` };
    },
  });
  try {
    return await act();
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * Returns the pid of the running process that holds a lock. Removes a lock whose holder is dead.
 */
export async function fileLockHolder(path: string): Promise<number | undefined> {
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined) return undefined;
  const [pid = "", birth] = target.split(" ");
  const holder = Number(pid);
  if (holder > 0 && (await birthOf(holder)) === birth) return holder;
  await removeStale(path, target);
  return undefined;
}

/** Tries to take the lock once. @returns whether the lock was free */
async function take(path: string): Promise<boolean> {
  const mine = `${process.pid} ${await birthOf(process.pid)} ${randomUUID()}`;
  return await explainWriteErrors(path, async () => {
    try {
      await symlink(mine, path);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      else if (code !== "EEXIST") throw error;
      return false;
    }
  });
}

/**
 * Removes the lock of a dead holder. Many processes may see the same dead holder: only the process
 * that takes a second lock for that holder removes the first one, and only if it still names the
 * dead holder and not a faster process.
 */
async function removeStale(path: string, target: string): Promise<void> {
  const removalLock = `${path}.${createHash("sha256").update(target).digest("hex").slice(0, 8)}`;
  if (!(await take(removalLock))) {
    await fileLockHolder(removalLock);
    return;
  }
  if ((await readlink(path).catch(() => undefined)) === target) await rm(path, { force: true });
  await rm(removalLock, { force: true });
}

/**
 * Returns a value that distinguishes a process from a later one with the same pid: its start time,
 * where the system reports it. Returns `undefined` for a process that is gone.
 */
async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    // proc_pid_stat(5): the name may contain any character. After the name, the state is field 3
    // and the start time is field 22.
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  }
  try {
    process.kill(pid, 0);
    return "-";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "-" : undefined;
  }
}
