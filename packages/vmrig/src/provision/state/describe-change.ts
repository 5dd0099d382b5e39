import { parseResources } from "./resources.ts";

/** Addresses of the managed resources that a new version of a state changes, sorted. */
export interface StateChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** @returns `undefined` when one of the texts has no readable resources */
export function compareStates(before: string, after: string): StateChange | undefined {
  const [old, next] = [contentsOf(before), contentsOf(after)];
  if (old === undefined || next === undefined) return undefined;
  return {
    added: [...next.keys()].filter((address) => !old.has(address)).toSorted(),
    removed: [...old.keys()].filter((address) => !next.has(address)).toSorted(),
    changed: [...next.keys()]
      .filter((address) => old.has(address) && old.get(address) !== next.get(address))
      .toSorted(),
  };
}

/**
 * Returns what a new version of a state changes, for its history: `+2 -0 ~1`, in resources. A state
 * that OpenTofu encrypted has no readable resources.
 */
export function describeChange(before: string, after: string): string {
  const change = compareStates(before, after);
  if (change === undefined) return "encrypted";
  const { added, removed, changed } = change;
  return `+${added.length} -${removed.length} ~${changed.length}`;
}

/** Returns the managed resources of a state: address → content. */
function contentsOf(text: string): ReadonlyMap<string, string> | undefined {
  const managed = parseResources(text)?.filter((instance) => instance.managed);
  return (
    managed &&
    new Map(
      managed.map(({ address, deposed, content }) => [
        deposed ? `${address} (deposed)` : address,
        content,
      ]),
    )
  );
}
