import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CopyName } from "../../lease/keys.ts";
import type { StateStore, StoredState } from "./state-store.ts";

/**
 * Reads a version of a state.
 *
 * @throws VmrigError `CONFIG_INVALID` when it is not kept, with the versions that are; the faults of
 *   the store
 */
export async function readKeptVersion(
  store: StateStore,
  copy: CopyName,
  version: number,
): Promise<StoredState> {
  const kept = await store.readVersion(copy, version);
  if (kept !== undefined) return kept;
  const versions = (await store.history(copy)).map((one) => one.version);
  throw new VmrigError("CONFIG_INVALID", {
    message: `Version ${version} of the state of "${copy.copy}" is not kept in ${store.shown}.`,
    details: [versions.length === 0 ? "there is no state" : `kept: ${rangesOf(versions)}`],
  });
}

/** Returns numbers as text: `3-7, 9`. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    .join(", ");
}
