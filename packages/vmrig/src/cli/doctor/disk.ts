import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Finding } from "../../driver/finding.ts";

const GB = 1024 ** 3;

/** Enough for an image, and for the disks and the memory of a few machines. */
export const LEAST_FREE_BYTES = 5 * GB;

/** Checks the free space of a folder. @param role Purpose of the folder: `state`, `cache`. */
export async function examineDisk(
  role: string,
  folder: string,
  leastFreeBytes: number,
): Promise<Finding> {
  const what = `disk of the ${role} folder`;
  const { bavail, bsize } = await statfs(await nearestExistingFolder(folder));
  const free = bavail * bsize;
  const measured = `${gb(free)} free in ${folder}`;
  if (free >= leastFreeBytes) return { what, status: "ok", measured };
  const variable = role === "cache" ? "VMRIG_CACHE" : "VMRIG_HOME";
  return {
    what,
    status: "warn",
    measured: `${measured}, less than ${gb(leastFreeBytes)}`,
    fix: `free some space, or point ${variable} to a larger disk`,
  };
}

async function nearestExistingFolder(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    if (exists || dirname(path) === path) return path;
  }
}

function gb(bytes: number): string {
  return `${(bytes / GB).toFixed(1)} GB`;
}
