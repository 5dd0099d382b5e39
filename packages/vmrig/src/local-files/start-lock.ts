import { lstat, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";

const NAME = /^start-(\d+)$/;
const FREE = "free";
/**
 * Starting a server never takes this long: a pid that still runs after that time is another process
 * with the same number.
 */
const STALE_MS = 60_000;

/** Exclusive right to start the server of one folder. */
export interface StartLock extends AsyncDisposable {
  /**
   * Checks that the lock is still held. Call it right before the one step that must not happen
   * twice.
   */
  isMine(): Promise<boolean>;
}

/**
 * Tries once to get the exclusive right to start a server in `folder`. A lock whose owner was
 * killed does not block other processes.
 *
 * The lock is a symbolic link `start-<n>` whose target is the owner's pid: the link is created
 * together with its content in one step. A stale lock is not removed but succeeded by
 * `start-<n+1>`, because removing it by name could hit the new lock of a faster process. The
 * highest number is never removed, only marked as free, so that numbers grow and the highest number
 * is authoritative.
 */
export async function tryStartLock(folder: string): Promise<StartLock | undefined> {
  const highest = await highestLock(folder);
  if (highest > 0 && (await isHeld(lockPath(folder, highest)))) return undefined;
  const mine = highest + 1;
  const made = await symlink(String(process.pid), lockPath(folder, mine)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
  if (!made) return undefined;
  const isMine = async () => (await highestLock(folder)) === mine;
  if (!(await isMine())) {
    await rm(lockPath(folder, mine), { force: true });
    return undefined;
  }
  await removeBelow(folder, mine);
  return { isMine, [Symbol.asyncDispose]: () => markFree(folder, mine) };
}

async function isHeld(path: string): Promise<boolean> {
  try {
    const [owner, { mtimeMs }] = await Promise.all([readlink(path), lstat(path)]);
    return owner !== FREE && Date.now() - mtimeMs < STALE_MS && isRunning(Number(owner));
  } catch {
    return true; // a higher lock succeeded it between two checks: check again
  }
}

async function markFree(folder: string, number: number): Promise<void> {
  const free = join(folder, `free-${randomUUID()}`);
  await symlink(FREE, free);
  await rename(free, lockPath(folder, number));
}

async function removeBelow(folder: string, number: number): Promise<void> {
  const older = (await lockNumbers(folder)).filter((other) => other < number);
  await Promise.all(older.map((other) => rm(lockPath(folder, other), { force: true })));
}

async function highestLock(folder: string): Promise<number> {
  return Math.max(0, ...(await lockNumbers(folder)));
}

async function lockNumbers(folder: string): Promise<number[]> {
  return (await readdir(folder)).flatMap((name) => Number(NAME.exec(name)?.[1] ?? []));
}

function lockPath(folder: string, number: number): string {
  return join(folder, `start-${number}`);
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
