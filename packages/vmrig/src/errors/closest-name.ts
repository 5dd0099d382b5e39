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

/** Returns the name that was probably meant. Case, `-` and `_` do not count. */
export function probableName(typed: string, names: readonly string[]): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replace(/[-_]/g, "");
  const word = plain(typed);
  const [closest] = closestFirst(word, names.map(plain));
  if (closest === undefined || distance(word, closest) > 1 + Math.floor(word.length / 5))
    return undefined;
  return names.find((name) => plain(name) === closest);
}

/**
 * Returns the Levenshtein distance: the number of inserted, removed, changed and swapped letters. A
 * name that begins with the typed word is closer than any other.
 */
function distance(typed: string, name: string): number {
  if (typed !== "" && name.startsWith(typed)) return 0.5;
  let before: readonly number[] = [];
  let row = Array.from({ length: name.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(typed).entries()) {
    const next = [index + 1];
    for (const [at, other] of Array.from(name).entries()) {
      const swapped = typed[index - 1] === other && name[at - 1] === letter;
      next.push(
        Math.min(
          (row[at + 1] ?? 0) + 1,
          (next[at] ?? 0) + 1,
          (row[at] ?? 0) + (letter === other ? 0 : 1),
          swapped ? (before[at - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
