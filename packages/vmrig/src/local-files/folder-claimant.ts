import { fstatSync, ftruncateSync, readSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import { systemClock } from "../clock/clock.ts";
import { explainWriteErrors } from "./explain-write-errors.ts";
import type { FlockResult } from "./flock.ts";
import { hasOtherBoot, ownPlace, ownSocketView, sharesSockets } from "./place.ts";

/** File in a claimed folder. Locked by all processes that use the folder; never replaced. */
export const CLAIM = "in-use";

/**
 * Place whose processes use a folder: a PID namespace, and the `/tmp` of those processes. Records
 * of older versions have neither `mountNamespace` nor `temporary` nor `locked`.
 */
const folderClaimant = z.object({
  boot: z.string(),
  pidNamespace: z.string(),
  mountNamespace: z.string().optional(),
  temporary: z.string().optional(),
  host: z.string(),
  /** Process that claimed the folder first. It may have ended since. */
  pid: z.number(),
  /** Wall clock, in milliseconds. */
  at: z.number(),
  /**
   * Whether all processes of the place have locked the file. Without, nothing but a reboot shows
   * that they have ended: programs that they started may use the folder longer than they do.
   */
  locked: z.boolean().default(true),
});
export type FolderClaimant = z.infer<typeof folderClaimant>;

const LONGEST = 4096;

/** @returns nothing for a file that is new, or truncated by a power failure */
export function readClaimant(fd: number): FolderClaimant | undefined {
  const buffer = Buffer.alloc(LONGEST);
  const text = buffer.toString("utf8", 0, readSync(fd, buffer, 0, LONGEST, 0));
  try {
    // The rest is of an earlier record, when a process is writing now.
    return folderClaimant.parse(JSON.parse(text.split("\n", 1)[0] ?? ""));
  } catch {
    return undefined;
  }
}

/** Returns the claimant for a claim of this process. */
export function ownClaimant(locked: boolean): FolderClaimant {
  return {
    ...ownPlace(),
    ...ownSocketView(),
    host: hostname(),
    pid: process.pid,
    at: systemClock.wall(),
    locked,
  };
}

/** Writes a claimant. The caller holds the exclusive lock of the file, if files can be locked. */
export async function writeClaimant(
  { fd, path }: { readonly fd: number; readonly path: string },
  claimant: FolderClaimant,
): Promise<void> {
  await explainWriteErrors(path, () => {
    // In place: a rename would put a file there that no process has locked.
    ftruncateSync(fd, writeSync(fd, `${JSON.stringify(claimant)}\n`, 0));
    return Promise.resolve();
  });
}

/** Whether an open file is still the one with this path. */
export function isFileAt(path: string, fd: number): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(fd);
  return now?.dev === dev && now.ino === ino;
}

/** Whether processes of this place see those of the claimant, and reach their sockets. */
export function isHere(owner: FolderClaimant | undefined): boolean {
  if (owner === undefined) return false;
  const here = ownPlace();
  if (owner.boot !== here.boot || owner.pidNamespace !== here.pidNamespace) return false;
  const { mountNamespace, temporary } = owner;
  return (
    mountNamespace === undefined ||
    temporary === undefined ||
    sharesSockets({ mountNamespace, temporary }, ownSocketView())
  );
}

export function isOfOtherBoot(owner: FolderClaimant): boolean {
  return hasOtherBoot(owner, ownPlace());
}

/** Whether this computer itself has booted since. A container has another PID namespace. */
export function isOfEarlierBoot(owner: FolderClaimant): boolean {
  return isOfOtherBoot(owner) && owner.pidNamespace === ownPlace().pidNamespace;
}

/**
 * Whether all processes of another place have ended. Its boot id is the weaker proof: a container
 * may have a different id.
 *
 * @param lock Result of the exclusive lock.
 */
export function hasEnded(owner: FolderClaimant, lock: FlockResult): boolean {
  if (lock === "unsupported" || !owner.locked) return isOfOtherBoot(owner);
  return lock === "locked";
}
