import type { SnapshotName } from "./driver.ts";

const BEGIN = "--- vmrig: ";

/**
 * Returns the line that a driver writes on a machine's console after a restore. Output above the
 * line belongs to the time before the restore.
 */
export function restoredLine(machine: string, snapshot: SnapshotName): string {
  return `${BEGIN}${machine} is back at ${snapshot} ---`;
}

/**
 * Returns the console output from the last restored line on, or all of it when there is no such
 * line.
 */
export function sinceRestored(console: string): string {
  return console.slice(Math.max(0, console.lastIndexOf(`\n${BEGIN}`) + 1));
}
