import { randomUUID } from "node:crypto";
import { quote, quotePath } from "../../ssh/quote.ts";

/**
 * Shell: sets `$target`, with all symbolic links resolved, and `$temp`, a new name on the same file
 * system: beside the target, or inside it when it is a folder, because a mount point is on another
 * file system than its siblings. `$temp` is removed when the shell ends, also by a signal.
 */
export function staging(path: string): string {
  return [
    `target=${quotePath(path)}`,
    // A command substitution removes trailing newlines, and a name may end with one.
    `[ ! -L "$target" ] || { target=$(readlink -fn -- "$target" && echo /) || ${fail("No such file or directory")}; target=\${target%/}; }`,
    `name=${quote(`.vmrig-${randomUUID()}`)}`,
    `if [ -d "$target" ]; then temp=$target/$name; else temp=\${target%/*}/$name; fi`,
    // Folders in a partially written folder may lack write permission.
    `trap 'rm -rf -- "$temp" 2>/dev/null || { chmod -R u+rwx -- "$temp"; rm -rf -- "$temp"; }' EXIT`,
    `trap 'exit 1' HUP INT QUIT TERM`,
  ].join("; ");
}

/** Shell: fails with a message in the form of a program's message. */
export function fail(reason: string): string {
  return `{ printf '%s\\n' ${quote(`vmrig: ${reason}`)} >&2; exit 1; }`;
}

export interface Replacement {
  readonly bytes: number;
  /** Whether the file is created with a private mode instead of the umask's mode. */
  readonly secret: boolean;
  /** Shell: runs on the complete `$temp`, for example to set its mode. */
  readonly finish: string;
}

/**
 * Shell: writes its stdin to a temporary file and moves that to the final name. The size is checked
 * first: when the connection breaks, `cat` sees an ordinary end of input, and the rest of the line
 * would continue with partial data.
 */
export function replacing(path: string, { bytes, secret, finish }: Replacement): string {
  return [
    staging(path),
    `[ ! -d "$target" ] || ${fail("Is a directory")}`,
    secret ? "umask 077" : ":",
    `set -C`,
    `cat >"$temp" && [ "$(wc -c <"$temp")" -eq ${bytes} ] && ${finish} && mv -fT -- "$temp" "$target"`,
  ].join("; ");
}

/** Formats a mode for `chmod`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
