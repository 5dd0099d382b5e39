import { closeSync, constants, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemClock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { explainWriteErrors } from "./explain-write-errors.ts";
import { flock } from "./flock.ts";
import {
  CLAIM,
  hasEnded,
  isFileAt,
  isHere,
  isOfOtherBoot,
  ownClaimant,
  readClaimant,
  writeClaimant,
  type FolderClaimant,
} from "./folder-claimant.ts";
import { ownPlace } from "./place.ts";
import { usedElsewhereError } from "./used-elsewhere.ts";

/** Longer than one lock may take on a busy computer. */
const CLAIM_MS = 30_000;
/**
 * Time after which a lock is one of another place. Processes of one namespace that claim the folder
 * at the same moment exclude each other for milliseconds.
 */
const SETTLE_MS = 1000;
/**
 * The same for a record of another boot: after a reboot, only processes of this place lock the
 * file. A container with a different boot id is rare.
 */
const SETTLE_OTHER_BOOT_MS = 10_000;

/**
 * A folder that only processes of this place use: of this PID namespace, with this `/tmp`.
 * Disposing ends the claim of this process; a process that inherited the descriptor continues it.
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

/** What is in the way of a claim. `owner`: processes of another place seem to use the folder. */
interface Obstacle {
  readonly seen: string;
  readonly owner?: FolderClaimant;
}

/**
 * Claims a folder for the processes of this place. Two containers that share a folder do not see
 * each other's processes, and each would take those of the other for dead. Any number of processes
 * of one place may claim a folder. Another place can claim it when all of them have ended, in any
 * way.
 *
 * @throws VmrigError `HOME_SHARED` while a process of another place uses the folder;
 *   `STATE_UNWRITABLE`
 */
export async function claimFolder(folder: string, { what }: ClaimOptions): Promise<FolderClaim> {
  if (process.platform !== "linux") return { [Symbol.dispose]: () => {} };
  requirePidNamespace(what);
  const start = systemClock.monotonic();
  return await waitFor({
    what: "the claim",
    on: folder,
    timeoutMs: CLAIM_MS,
    intervalMs: 5,
    code: "HOME_SHARED",
    probe: async () => {
      const file = await openClaim(join(folder, CLAIM));
      const claim = held(file.fd);
      try {
        const obstacle = await tryClaim(file);
        if (obstacle === undefined) return { value: claim };
        claim[Symbol.dispose]();
        const { seen, owner } = obstacle;
        const settleMs = owner && isOfOtherBoot(owner) ? SETTLE_OTHER_BOOT_MS : SETTLE_MS;
        if (owner !== undefined && systemClock.monotonic() - start > settleMs)
          throw usedElsewhereError(folder, { what, owner });
        return { seen };
      } catch (error) {
        claim[Symbol.dispose]();
        throw error;
      }
    },
  });
}

/** The file of a claim, open for reading and writing. */
interface ClaimFile {
  readonly path: string;
  readonly fd: number;
}

/** @returns nothing when this process has the claim */
async function tryClaim(file: ClaimFile): Promise<Obstacle | undefined> {
  const obstacle = isHere(readClaimant(file.fd)) ? undefined : await takeOver(file);
  if (obstacle !== undefined) return obstacle;
  const lock = await flock({ ...file, kind: "shared" });
  if (lock === "busy") return { seen: "another process checks it" };
  // The file is written under an exclusive lock only: under the shared one, what it says stays
  // true. Another place may have come between the check above and the lock, and a person may have
  // deleted the file.
  const owner = readClaimant(file.fd);
  if (!isFileAt(file.path, file.fd)) return { seen: "its file was deleted" };
  if (owner === undefined || !isHere(owner)) return { seen: "another PID namespace took it" };
  if (lock === "unsupported" && owner.locked)
    await writeClaimant(file, { ...owner, locked: false });
  return undefined;
}

/** Writes this place into the file, if all processes of its owner have ended. */
async function takeOver(file: ClaimFile): Promise<Obstacle | undefined> {
  const lock = await flock({ ...file, kind: "exclusive" });
  const owner = readClaimant(file.fd);
  if (isHere(owner)) return undefined;
  if (owner !== undefined && !hasEnded(owner, lock))
    return { seen: "another PID namespace uses it", owner };
  if (lock === "busy") return { seen: "another process claims it" };
  await writeClaimant(file, ownClaimant(lock === "locked"));
  return undefined;
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
 * Without the number of its namespace, a process cannot say whose processes it sees. No container
 * program hides it; a system without `/proc` does.
 */
function requirePidNamespace(what: string): void {
  if (ownPlace().pidNamespace !== "") return;
  throw new VmrigError("HOME_SHARED", {
    message: `vmrig cannot tell whether another container uses ${what}: /proc/self/ns/pid cannot be read.`,
    hint: "mount /proc",
  });
}

async function openClaim(path: string): Promise<ClaimFile> {
  return await explainWriteErrors(path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Not truncated: other processes have it open.
    return { path, fd: openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600) };
  });
}
