import { closeSync, constants, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { explainWriteErrors } from "./explain-write-errors.ts";
import { flock } from "./flock.ts";
import {
  describeClaimant,
  isOfThisBoot,
  isOfThisNamespace,
  readClaimant,
  writeClaimant,
  type FolderClaimant,
} from "./folder-claimant.ts";
import { ownPlace } from "./place.ts";

/** File in a claimed folder. Locked by all processes that use the folder; never replaced. */
const CLAIM = "in-use";
const CLAIM_MS = 10_000;
/**
 * Time after which a lock is one of another namespace. Processes of one namespace that claim the
 * folder at the same moment exclude each other for milliseconds.
 */
const SETTLE_MS = 1000;
const FOREIGN = "another PID namespace uses it";

/**
 * A folder that only processes of this PID namespace use. Disposing ends the claim of this process;
 * a process that inherited the descriptor continues it.
 */
export interface FolderClaim extends Disposable {
  /**
   * Descriptor for the `stdio` of programs that go on using the folder. Missing where no PID
   * namespaces exist.
   */
  readonly fd?: number;
}

export interface ClaimOptions {
  /** What is in the folder, for errors: `the machines of pcs-1`. */
  readonly what: string;
}

/**
 * Claims a folder for the processes of this PID namespace. Two containers that share a folder do
 * not see each other's processes, and each would take those of the other for dead. Any number of
 * processes of one namespace may claim a folder. Another namespace can claim it when all of them
 * have ended, in any way.
 *
 * @throws VmrigError `HOME_SHARED` while a process of another PID namespace uses the folder;
 *   `STATE_UNWRITABLE`
 */
export async function claimFolder(folder: string, { what }: ClaimOptions): Promise<FolderClaim> {
  if (process.platform !== "linux") return { [Symbol.dispose]: () => {} };
  const path = join(folder, CLAIM);
  const fd = await openClaim(path);
  const start = systemClock.monotonic();
  try {
    return await waitFor({
      what: "the claim",
      on: folder,
      timeoutMs: CLAIM_MS,
      intervalMs: 5,
      code: "HOME_SHARED",
      probe: async () => {
        const seen = await tryClaim(path, fd);
        if (seen === undefined) return { value: held(fd) };
        if (seen === FOREIGN && systemClock.monotonic() - start > SETTLE_MS)
          throw usedElsewhere(folder, what);
        return { seen };
      },
    });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** @returns what is in the way; nothing when this process has the claim */
async function tryClaim(path: string, fd: number): Promise<string | undefined> {
  if (isHere(readClaimant(path))) {
    if ((await flock(fd, "shared")) === "busy") return "another process checks it";
    // The file is written under an exclusive lock only: under the shared one, what it says stays
    // true. Another namespace may have come between the check above and the lock.
    return isHere(readClaimant(path)) ? undefined : "another PID namespace took it";
  }
  const lock = await flock(fd, "exclusive");
  const owner = readClaimant(path);
  // Without locks, only a reboot proves that the processes of another namespace have ended.
  const isFree =
    lock === "unsupported" ? owner === undefined || !isOfThisBoot(owner) : lock !== "busy";
  if (!isFree) return owner === undefined || isHere(owner) ? "another process claims it" : FOREIGN;
  if (!isHere(owner)) await writeClaimant(path);
  // The next attempt exchanges the exclusive lock for a shared one.
  return "claimed for this PID namespace";
}

function isHere(owner: FolderClaimant | undefined): boolean {
  return owner !== undefined && isOfThisNamespace(owner);
}

function held(fd: number): FolderClaim {
  let isOpen = true;
  return {
    fd,
    [Symbol.dispose]() {
      // The system gives a closed descriptor to another file.
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

/**
 * Who uses a folder, for a record in it that names a process of another PID namespace:
 *
 * - `here`: this namespace has claimed it, and all processes of others had ended by then.
 * - `free`: all processes that claimed it have ended.
 * - `elsewhere`: a process of another namespace uses it.
 * - `unknown`: none has ever claimed it.
 */
export async function folderUse(
  folder: string,
): Promise<"here" | "free" | "elsewhere" | "unknown"> {
  const path = join(folder, CLAIM);
  const owner = readClaimant(path);
  if (owner === undefined) return "unknown";
  if (isHere(owner)) return "here";
  if (!isOfThisBoot(owner)) return "free";
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return (await flock(fd, "exclusive")) === "locked" ? "free" : "elsewhere";
  } finally {
    closeSync(fd);
  }
}

/**
 * Refuses to report on a folder whose processes cannot be seen from here.
 *
 * @throws VmrigError `HOME_SHARED`
 */
export async function refuseUseElsewhere(folder: string, { what }: ClaimOptions): Promise<void> {
  if ((await folderUse(folder)) === "elsewhere") throw usedElsewhere(folder, what);
}

export function usedElsewhere(folder: string, what: string): VmrigError {
  const owner = readClaimant(join(folder, CLAIM));
  const there = owner === undefined ? "another PID namespace" : describeClaimant(owner);
  return new VmrigError("HOME_SHARED", {
    message: `Another container uses ${what}.`,
    details: [
      `shared folder: ${folder}`,
      `in use in: ${there}`,
      `this process: PID namespace ${ownPlace().pidNamespace} on ${hostname()}`,
    ],
    hint: "end the other container. To use both at the same time, give each its own VMRIG_HOME, and set VMRIG_REDIS_URL to one Redis if they lease the same machines",
  });
}

async function openClaim(path: string): Promise<number> {
  return await explainWriteErrors(path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Not truncated: other processes have it open.
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  });
}
