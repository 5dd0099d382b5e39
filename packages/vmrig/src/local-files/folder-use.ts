import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { isVmrigError, type VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { explainWriteErrors } from "./explain-write-errors.ts";
import { flock, type FlockResult } from "./flock.ts";
import {
  CLAIM,
  hasEnded,
  isHere,
  isOfEarlierBoot,
  isOfOtherBoot,
  readClaimant,
  type FolderClaimant,
} from "./folder-claimant.ts";
import { usedElsewhereError } from "./used-elsewhere.ts";

/** How long other processes that check the claim may exclude each other. */
const SETTLE_MS = 1000;

/**
 * Who uses a folder, for a record in it that names a process of another PID namespace:
 *
 * - `here`: this place has claimed it, and all processes of others had ended by then.
 * - `free`: all processes that claimed it have ended.
 * - `elsewhere`: a process of another place uses it.
 * - `unknown`: none has ever claimed it.
 */
export type FolderUse = "here" | "free" | "elsewhere" | "unknown";

/** @throws VmrigError `STATE_UNWRITABLE` when the claim cannot be read */
export async function folderUse(folder: string): Promise<FolderUse> {
  return (
    (await withClaim(folder, async (file, owner) => {
      if (isHere(owner)) return "here";
      if (isOfEarlierBoot(owner)) return "free";
      if (!owner.locked) return isOfOtherBoot(owner) ? "free" : "elsewhere";
      return hasEnded(owner, await lockExclusively(file)) ? "free" : "elsewhere";
    })) ?? "unknown"
  );
}

/**
 * Refuses to report on a folder whose processes cannot be seen from here.
 *
 * @throws VmrigError `HOME_SHARED`
 */
export async function refuseUseElsewhere(
  folder: string,
  { what }: { readonly what: string },
): Promise<void> {
  if ((await folderUse(folder)) === "elsewhere") throw await usedElsewhere(folder, what);
}

/** Returns the error for a folder with a record of a process that may run elsewhere. */
export async function usedElsewhere(folder: string, what: string): Promise<VmrigError> {
  const owner = await withClaim(folder, (_file, claimant) => Promise.resolve(claimant));
  return usedElsewhereError(folder, { what, owner });
}

async function lockExclusively(file: OpenFile): Promise<FlockResult> {
  return await waitFor({
    what: "the lock",
    timeoutMs: SETTLE_MS,
    intervalMs: 20,
    probe: async () => {
      const value = await flock({ ...file, kind: "exclusive" });
      return value === "busy" ? { seen: value } : { value };
    },
  }).catch((error: unknown): FlockResult => {
    if (isVmrigError(error) && error.code === "WAIT_TIMEOUT") return "busy";
    throw error;
  });
}

interface OpenFile {
  readonly fd: number;
  readonly path: string;
}

/** Reads the claim of a folder. @returns nothing when there is none */
async function withClaim<T>(
  folder: string,
  act: (file: OpenFile, owner: FolderClaimant) => Promise<T>,
): Promise<T | undefined> {
  const path = join(folder, CLAIM);
  const fd = await openExisting(path);
  if (fd === undefined) return undefined;
  try {
    const owner = readClaimant(fd);
    return owner && (await act({ fd, path }, owner));
  } finally {
    closeSync(fd);
  }
}

/** Opens for writing, too: NFS grants an exclusive lock only then. */
async function openExisting(path: string): Promise<number | undefined> {
  return await explainWriteErrors(path, () => {
    try {
      return Promise.resolve(openSync(path, constants.O_RDWR));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EROFS") return Promise.resolve(openSync(path, constants.O_RDONLY));
      if (code === "ENOENT" || code === "ENOTDIR") return Promise.resolve(undefined);
      throw error;
    }
  });
}
