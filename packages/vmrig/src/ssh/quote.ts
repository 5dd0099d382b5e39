import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * Quotes any text as one argument of a POSIX shell. Always uses single quotes, so that adjacent
 * text cannot change the meaning.
 */
export function quote(value: string): string {
  return `'${representable(value).replaceAll("'", `'\\''`)}'`;
}

/**
 * Quotes one argument that stands alone between blanks. A plain word that every shell reads
 * identically stays bare. Not for the first word of a command line.
 */
export function quoteWord(value: string): string {
  return /^[\w@%+:,./-]+$/.test(value) ? value : quote(value);
}

/**
 * Returns the value unchanged when a command line can carry it.
 *
 * @throws VmrigError `COMMAND_INVALID` on a NUL character, which ends every C string, and on half a
 *   surrogate pair, which has no UTF-8 encoding
 */
export function representable(value: string): string {
  const bad = /\0|\p{Surrogate}/u.exec(value);
  if (bad === null) return value;
  const what = bad[0] === "\0" ? "a NUL character" : "half a surrogate pair";
  throw new VmrigError("COMMAND_INVALID", {
    message: `A command line cannot contain ${what} (at position ${bad.index} of ${JSON.stringify(value.slice(0, 40))}).`,
    hint: "pass bytes through the `input` option or `file().write()`",
  });
}

/** Quotes a path so that no option parser, CDPATH or `cd -` can misread it. */
export function quotePath(path: string): string {
  return quote(path.startsWith("/") ? path : `./${path}`);
}
