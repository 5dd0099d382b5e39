/**
 * Whether a snippet is a part of a file: the same lines in the same order, at whatever indentation.
 * A line `// …` leaves something out.
 *
 * @param {string} snippet
 * @param {string} source
 */
export function isPartOf(snippet, source) {
  const lines = source.split("\n");
  let from = 0;
  for (const piece of snippet.split(/^\s*\/\/ …$/m)) {
    const wanted = dedent(trimmed(piece.split("\n")));
    if (wanted.length === 0) continue;
    const at = lines.findIndex(
      (_, index) =>
        index >= from &&
        dedent(lines.slice(index, index + wanted.length)).join("\n") === wanted.join("\n"),
    );
    if (at < 0) return false;
    from = at + wanted.length;
  }
  return true;
}

/** @param {string[]} lines */
function trimmed(lines) {
  const first = lines.findIndex((line) => line.trim() !== "");
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex((line) => line.trim() !== "") + 1);
}

/** @param {string[]} lines */
function dedent(lines) {
  const indents = lines
    .filter((line) => line.trim() !== "")
    .map((line) => /^ */.exec(line)?.[0].length ?? 0);
  const common = Math.min(...indents);
  return lines.map((line) => line.slice(common));
}
