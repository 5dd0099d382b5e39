import { createHash, randomUUID } from "node:crypto";
import { mkdir, readlink, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { waitFor } from "../wait/wait-for.ts";
import { explainWriteErrors } from "./explain-write-errors.ts";
import { identifyProcess, identityFrom, type ProcessIdentity } from "./process-identity.ts";
import { ownPlace } from "./place.ts";
import { recordedProcessState } from "./recorded-process.ts";

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

/** A held file lock. Disposing releases it. */
export interface FileLock extends AsyncDisposable {
  /**
   * Checks that the lock is still held: its folder may have been deleted, as a cleaner of temporary
   * folders does. Call it right before the one step that must not happen twice.
   */
  isMine(): Promise<boolean>;
}

/**
 * Lets one process of this computer act at a time, so that the result of a check (of a fence, of a
 * process) is still true when the action runs. A killed holder loses the lock immediately. A
 * suspended holder keeps it, because it may continue in the middle of its action.
 *
 * @throws VmrigError `RIG_BUSY` with the holder's pid at the deadline, `STATE_UNWRITABLE`; the
 *   signal's reason; any error that `act` throws
 */
export async function withFileLock<T>(options: FileLockOptions, act: () => Promise<T>): Promise<T> {
  const { path, on, signal, timeoutMs = 60_000 } = options;
  await using _lock = await waitFor({
    what: "the file lock",
    on,
    code: "RIG_BUSY",
    timeoutMs,
    intervalMs: 10,
    hint: `let that process finish, or end it (the lock is ${path})`,
    ...(signal && { signal }),
    probe: async () => {
      const lock = await tryFileLock(path);
      if (lock !== undefined) return { value: lock };
      return { seen: `${describeHolder(await holderOf(path))} holds it` };
    },
  });
  return await act();
}

/**
 * Tries once to take the lock, with the rules of {@link withFileLock}. A lock whose holder was
 * killed does not block. A holder in another container keeps the lock until a claim of the folder
 * proves that it has ended (`claimFolder`).
 *
 * The lock is a symbolic link whose target names the holder. Creating the link is atomic, and works
 * even on a full disk, so that an action that frees space can still run.
 *
 * @returns `undefined` while a running process holds the lock
 * @throws VmrigError `STATE_UNWRITABLE`
 */
export async function tryFileLock(path: string): Promise<FileLock | undefined> {
  const target = formatTarget(await identifyProcess(process.pid));
  // The second attempt follows the removal of a stale lock, or the creation of the folder.
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    if (await createLink(path, target)) {
      const isMine = async () => (await targetOf(path)) === target;
      return {
        isMine,
        async [Symbol.asyncDispose]() {
          if (await isMine()) await rm(path, { force: true });
        },
      };
    }
    if ((await fileLockHolder(path)) !== undefined) return undefined;
  }
  return undefined;
}

/**
 * Returns the pid of the running process that holds a lock, as its PID namespace counts it. Removes
 * a lock whose holder is dead.
 */
export async function fileLockHolder(path: string): Promise<number | undefined> {
  return (await holderOf(path))?.pid;
}

async function holderOf(path: string): Promise<ProcessIdentity | undefined> {
  const target = await targetOf(path);
  if (target === undefined) return undefined;
  const holder = parseTarget(target);
  if (holder !== undefined && (await recordedProcessState(holder, dirname(path))) !== "ended")
    return holder;
  await removeStale(path, target);
  return undefined;
}

/** Names the holder of a lock: `process 12`. */
function describeHolder(holder: ProcessIdentity | undefined): string {
  if (holder === undefined) return "no process";
  const { pid, pidNamespace } = holder;
  // Older versions of vmrig did not write the namespace.
  return pidNamespace === "" || pidNamespace === ownPlace().pidNamespace
    ? `process ${pid}`
    : `process ${pid} of another container (PID namespace ${pidNamespace})`;
}

/** ext4 stores up to 59 bytes in the inode, so that a lock needs no disk block. */
function formatTarget({ pid, startTime, boot, pidNamespace }: ProcessIdentity): string {
  return `${pid} ${startTime} ${randomUUID().slice(0, 8)} ${boot} ${pidNamespace}`;
}

function parseTarget(target: string): ProcessIdentity | undefined {
  const [pid, startTime, , boot = "", pidNamespace = ""] = target.split(" ");
  return identityFrom([pid, startTime, boot, pidNamespace]);
}

/** @returns whether the link was created; not when it exists, and not yet when its folder is new */
async function createLink(path: string, target: string): Promise<boolean> {
  return await explainWriteErrors(path, async () => {
    try {
      await symlink(target, path);
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
  await using lock = await tryFileLock(removalLock);
  if (lock !== undefined && (await targetOf(path)) === target) await rm(path, { force: true });
}

function targetOf(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined);
}
