/**
 * Returns whether a snippet is a part of a file: the same tokens in the same order. The layout may
 * differ, because the formatter breaks lines by their indentation: white space and trailing commas
 * do not count. A line `// …` leaves something out.
 *
 * @param {string} snippet
 * @param {string} source
 */
export function isPartOf(snippet, source) {
  const whole = withoutLayout(source);
  let from = 0;
  for (const piece of snippet.split(/^\s*\/\/ …$/m)) {
    const wanted = withoutLayout(piece);
    const at = whole.indexOf(wanted, from);
    if (at < 0) return false;
    from = at + wanted.length;
  }
  return true;
}

/** @param {string} code */
function withoutLayout(code) {
  return code.replace(/\s+/g, "").replace(/,(?=[)\]}]|$)/g, "");
}
