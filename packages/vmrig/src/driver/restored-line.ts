import type { SnapshotName } from "./driver.ts";

const BEGIN = "--- vmrig: ";

/**
 * What a driver writes on a machine's console when it has brought it back: nothing above is of the
 * machine as it is now.
 */
export function restoredLine(machine: string, snapshot: SnapshotName): string {
  return `${BEGIN}${machine} is back at ${snapshot} ---`;
}

/** The console from the last of these lines on; all of it when there is none. */
export function sinceRestored(console: string): string {
  return console.slice(Math.max(0, console.lastIndexOf(`\n${BEGIN}`) + 1));
}
