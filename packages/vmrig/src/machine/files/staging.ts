import { randomUUID } from "node:crypto";
import { quote } from "../../ssh/quote.ts";
import { quotePath } from "../command/script.ts";

/**
 * Shell: `$target`, behind whatever symbolic links, and `$temp`, a new name on the same file
 * system: beside it, or within when it is a folder, because a mount point is on another file system
 * than what is beside it. What has that name is gone when the shell ends, also by a signal.
 */
export function staging(path: string): string {
  return [
    `target=${quotePath(path)}`,
    // A substitution takes newlines away at the end, where a name may have one.
    `[ ! -L "$target" ] || { target=$(readlink -fn -- "$target" && echo /) || ${fail("No such file or directory")}; target=\${target%/}; }`,
    `name=${quote(`.vmrig-${randomUUID()}`)}`,
    `if [ -d "$target" ]; then temp=$target/$name; else temp=\${target%/*}/$name; fi`,
    // Of a folder that was half made, those within may not let their content go.
    `trap 'rm -rf -- "$temp" 2>/dev/null || { chmod -R u+rwx -- "$temp"; rm -rf -- "$temp"; }' EXIT`,
    `trap 'exit 1' HUP INT QUIT TERM`,
  ].join("; ");
}

/** Shell: ends with a message as that of a program. */
export function fail(reason: string): string {
  return `{ printf '%s\\n' ${quote(`vmrig: ${reason}`)} >&2; exit 1; }`;
}

export interface Replacement {
  readonly bytes: number;
  /** Begins with this mode, not with that of the umask. */
  readonly secret: boolean;
  /** Shell: what is done with `$temp` when it is whole, such as to give it a mode. */
  readonly finish: string;
}

/**
 * Shell: writes its stdin beside the file and moves it there. The size is checked first: when the
 * connection breaks, `cat` sees an ordinary end of its input and the rest of the line would go on
 * with half of the data.
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

/** For `chmod`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
