import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** Less free space than this is reported. */
const LITTLE = 256 * 1024 * 1024;

/**
 * Returns one line about the disk of a file:
 * `/state/pc1/disk.qcow2: 3 MB of its disk are free`.
 */
export async function freeSpace(
  path: string,
): Promise<{ readonly little: boolean; readonly line: string }> {
  const found = await statfs(path)
    .catch(() => statfs(dirname(path)))
    .catch(() => undefined);
  if (found === undefined)
    return { little: false, line: `${path}: the free space of its disk is unknown` };
  const bytes = found.bavail * found.bsize;
  return {
    little: bytes < LITTLE,
    line: `${path}: ${Math.floor(bytes / 1024 / 1024)} MB of its disk are free`,
  };
}
