import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, type Orphan } from "vmrig/driver";

const DAY_MS = 24 * 3_600_000;
/** Names of files and folders that fetching, building or installing has not completed. */
const INCOMPLETE = /^\.(fetch|build)-|\.new-/;

/**
 * Finds incomplete folders and files that have not changed for a day: their run was interrupted.
 */
export async function abandonedDownloads(folder: string): Promise<Orphan[]> {
  const found: Orphan[] = [];
  const entries = await readdir(folder).catch(() => []);
  for (const entry of entries.filter((name) => INCOMPLETE.test(name))) {
    const path = join(folder, entry);
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined || systemClock.wall() - stats.mtimeMs < DAY_MS) continue;
    found.push({
      what: `unfinished download ${path}, from ${stats.mtime.toISOString().slice(0, 10)}`,
      remove: () => rm(path, { recursive: true, force: true }),
    });
  }
  return found;
}
