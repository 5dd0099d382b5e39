import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * One argument of a POSIX shell, whatever its characters. Always in single quotes, so that text
 * next to it cannot change its meaning.
 */
export function quote(value: string): string {
  return `'${representable(value).replaceAll("'", `'\\''`)}'`;
}

/**
 * One argument that stands alone between blanks: left bare where that reads the same to every
 * shell. Not for the first word of a line.
 */
export function quoteWord(value: string): string {
  return /^[\w@%+:,./-]+$/.test(value) ? value : quote(value);
}

/**
 * The value as it is, when a command line can carry it.
 *
 * @throws VmrigError `COMMAND_INVALID` on a NUL character, which ends every C string, and on half a
 *   surrogate pair, which has no UTF-8
 */
export function representable(value: string): string {
  const bad = /\0|\p{Surrogate}/u.exec(value);
  if (bad === null) return value;
  const what = bad[0] === "\0" ? "a NUL character" : "half a surrogate pair";
  throw new VmrigError("COMMAND_INVALID", {
    message: `A command line cannot carry ${what} (at position ${bad.index} of ${JSON.stringify(value.slice(0, 40))}).`,
    hint: "pass bytes through the `input` option or `file().write()`",
  });
}
