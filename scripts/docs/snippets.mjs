/**
 * Returns whether a snippet is a part of a file: the same tokens in the same order. The layout may
 * differ, because the formatter breaks lines by their indentation: white space and trailing commas
 * do not count. A line `// …` leaves something out.
 *
 * @param {string} snippet
 * @param {string} source
 */
export function isPartOf(snippet, source) {
  const whole = tokensOf(source);
  let from = 0;
  for (const piece of snippet.split(/^\s*\/\/ …$/m)) {
    const wanted = tokensOf(piece);
    const at = indexOf(whole, wanted, from);
    if (at < 0) return false;
    from = at + wanted.length;
  }
  return true;
}

/** Strings, comments to the end of the line, names, numbers, and each other character. */
const TOKEN =
  /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\/[^\n]*|[A-Za-z_$][\w$]*|\d[\w.]*|\S/g;

/**
 * @param {string} code
 * @returns {string[]} all tokens but trailing commas
 */
function tokensOf(code) {
  const tokens = code.match(TOKEN) ?? [];
  return tokens.filter(
    (token, index) => token !== "," || !/^[)\]}]$|^$/.test(tokens[index + 1] ?? ""),
  );
}

/**
 * @param {string[]} whole
 * @param {string[]} wanted
 * @param {number} from
 */
function indexOf(whole, wanted, from) {
  for (let at = from; at + wanted.length <= whole.length; at++)
    if (wanted.every((token, index) => whole[at + index] === token)) return at;
  return -1;
}
