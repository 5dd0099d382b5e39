import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** Less than this, and it is worth telling. */
const LITTLE = 256 * 1024 * 1024;

/**
 * One line about the disk that a file lies on:
 * `/state/pc1/disk.qcow2: 3 MB of this computer's disk are free`.
 */
export async function freeSpace(
  path: string,
): Promise<{ readonly little: boolean; readonly line: string }> {
  const found = await statfs(path)
    .catch(() => statfs(dirname(path)))
    .catch(() => undefined);
  if (found === undefined)
    return { little: false, line: `${path}: nobody knows how much of its disk is free` };
  const bytes = found.bavail * found.bsize;
  return {
    little: bytes < LITTLE,
    line: `${path}: ${Math.floor(bytes / 1024 / 1024)} MB of its disk are free`,
  };
}
