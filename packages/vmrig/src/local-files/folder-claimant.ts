import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { hostname } from "node:os";
import { z } from "zod";
import { systemClock } from "../clock/clock.ts";
import { toDate } from "../clock/real-time.ts";
import { explainWriteErrors } from "./explain-write-errors.ts";
import { ownPlace } from "./place.ts";

/** PID namespace that uses a folder, and the process that claimed the folder first. */
const folderClaimant = z.object({
  boot: z.string(),
  pidNamespace: z.string(),
  host: z.string(),
  pid: z.number(),
  /** Wall clock, in milliseconds. */
  at: z.number(),
});
export type FolderClaimant = z.infer<typeof folderClaimant>;

/** @returns nothing for a file that is missing, new, or truncated by a power failure */
export function readClaimant(path: string): FolderClaimant | undefined {
  try {
    return folderClaimant.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

/** Writes this process. The caller holds the exclusive lock of the file. */
export async function writeClaimant(path: string): Promise<void> {
  const me: FolderClaimant = {
    ...ownPlace(),
    host: hostname(),
    pid: process.pid,
    at: systemClock.wall(),
  };
  await explainWriteErrors(path, async () => {
    // In place: a rename would put a file there that no process has locked.
    await using file = await open(path, "r+");
    await file.truncate();
    await file.write(`${JSON.stringify(me)}\n`, 0);
  });
}

export function isOfThisNamespace({ boot, pidNamespace }: FolderClaimant): boolean {
  const here = ownPlace();
  return boot === here.boot && pidNamespace === here.pidNamespace;
}

export function isOfThisBoot({ boot }: FolderClaimant): boolean {
  return boot === ownPlace().boot;
}

export function describeClaimant({ pidNamespace, host, pid, at }: FolderClaimant): string {
  return `PID namespace ${pidNamespace} on ${host}, since ${toDate(at).toISOString()} (process ${pid} there)`;
}
