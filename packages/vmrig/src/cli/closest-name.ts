/** Returns the known names as one detail of an error, closest to the typed word first. */
export function availableNames(typed: string, names: readonly string[]): string {
  return `available: ${closestFirst(typed, names).join(", ")}`;
}

/**
 * Sorts names by similarity to the typed word, most similar first. Commander does not export its
 * own search, which serves verbs and options only and finds no `rollback` for `roll`.
 */
export function closestFirst(typed: string, names: readonly string[]): readonly string[] {
  const distances = new Map(names.map((name) => [name, distance(typed, name)]));
  return names.toSorted((a, b) => (distances.get(a) ?? 0) - (distances.get(b) ?? 0));
}

/**
 * Returns the Levenshtein distance: the number of inserted, removed and changed letters. A name
 * that begins with the typed word is closer than any other.
 */
function distance(typed: string, name: string): number {
  if (typed !== "" && name.startsWith(typed)) return 0.5;
  let row = Array.from({ length: name.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(typed).entries()) {
    const next = [index + 1];
    for (const [at, other] of Array.from(name).entries()) {
      next.push(
        Math.min(
          (row[at + 1] ?? 0) + 1,
          (next[at] ?? 0) + 1,
          (row[at] ?? 0) + (letter === other ? 0 : 1),
        ),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
