import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, type Orphan } from "vmrig/driver";

const DAY_MS = 24 * 3_600_000;
/** Names of incomplete files of fetching, building and installing. */
const WORK = /^\.(fetch|build)-|\.new-/;

/**
 * Finds incomplete folders and files that have not changed for a day: their run was interrupted.
 */
export async function abandonedDownloads(folder: string): Promise<Orphan[]> {
  const found: Orphan[] = [];
  for (const entry of (await readdir(folder).catch(() => [])).filter((name) => WORK.test(name))) {
    const path = join(folder, entry);
    const made = await stat(path).catch(() => undefined);
    if (made === undefined || systemClock.wall() - made.mtimeMs < DAY_MS) continue;
    found.push({
      what: `unfinished work ${path}, of ${made.mtime.toISOString().slice(0, 10)}`,
      remove: () => rm(path, { recursive: true, force: true }),
    });
  }
  return found;
}
