import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** Less free space than this is reported. */
const LOW_BYTES = 256 * 1024 * 1024;

/**
 * Returns one line about the disk of a file:
 * `/state/pc1/disk.qcow2: 3 MB of its disk are free`.
 */
export async function freeSpace(
  path: string,
): Promise<{ readonly low: boolean; readonly line: string }> {
  const found = await statfs(path)
    .catch(() => statfs(dirname(path)))
    .catch(() => undefined);
  if (found === undefined)
    return { low: false, line: `${path}: the free space of its disk is unknown` };
  const bytes = found.bavail * found.bsize;
  return {
    low: bytes < LOW_BYTES,
    line: `${path}: ${Math.floor(bytes / 1024 / 1024)} MB of its disk are free`,
  };
}
