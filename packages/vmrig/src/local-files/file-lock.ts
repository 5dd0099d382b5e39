import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, readlink, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { waitFor } from "../wait/wait-for.ts";
import { explainWriteErrors } from "./explain-write-errors.ts";

export interface FileLockOptions {
  /** Stands for the turn, on a disk of this computer; it exists while somebody has it. */
  readonly path: string;
  /** Whose turn it is about, for errors: `pc1`. */
  readonly on: string;
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for who has it. @defaultValue 60000 */
  readonly timeoutMs?: number;
}

/**
 * Lets one process of this computer act at a time, so that a check (of a fence, of a process) still
 * holds when the deed is done. A holder that was killed loses its turn at once; one that is stopped
 * keeps it, because it may go on in the middle of its deed.
 *
 * The turn is a symbolic link whose target names its holder: making it is atomic, and where a disk
 * is full it still takes one, so that what makes room can be done.
 *
 * @throws VmrigError `RIG_BUSY` with the holder's pid at the deadline, `STATE_UNWRITABLE`; the
 *   signal's reason; what `act` throws
 */
export async function withFileLock<T>(options: FileLockOptions, act: () => Promise<T>): Promise<T> {
  const { path, on, signal, timeoutMs = 60_000 } = options;
  await waitFor({
    what: "the turn to act on it",
    on,
    code: "RIG_BUSY",
    timeoutMs,
    intervalMs: 10,
    hint: `let that process go on, or end it (the turn is ${path})`,
    ...(signal && { signal }),
    probe: async () => {
      if (await take(path)) return { value: true };
      const holder = await fileLockHolder(path);
      return { seen: holder === undefined ? "nobody has it" : `process ${holder} has it` };
    },
  });
  try {
    return await act();
  } finally {
    await rm(path, { force: true });
  }
}

/** The pid of the living process that has a turn. A turn whose holder is dead is taken away. */
export async function fileLockHolder(path: string): Promise<number | undefined> {
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined) return undefined;
  const [pid = "", birth] = target.split(" ");
  const holder = Number(pid);
  if (holder > 0 && (await birthOf(holder)) === birth) return holder;
  await bury(path, target);
  return undefined;
}

/** @returns whether it was free */
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
 * Many may see the same dead holder. Only who has the turn to bury that one removes what it held;
 * and only if that is there still, and not the turn of somebody who was quicker.
 */
async function bury(path: string, target: string): Promise<void> {
  const grave = `${path}.${createHash("sha256").update(target).digest("hex").slice(0, 8)}`;
  if (!(await take(grave))) {
    await fileLockHolder(grave);
    return;
  }
  if ((await readlink(path).catch(() => undefined)) === target) await rm(path, { force: true });
  await rm(grave, { force: true });
}

/**
 * Tells a process from a later one with the same pid, where the system says when it began. Nothing
 * for one that is gone.
 */
async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    // proc_pid_stat(5): behind the name, which may hold anything, the state is field 3 and the
    // start time field 22.
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
