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
  /**
   * Mode of the new content. When an existing file is written in place, it loses the permissions
   * that this mode lacks before the new content, and gets the others after the old content, so
   * that other users read nothing that they must not. @defaultValue unchanged
   */
  readonly mode?: number | undefined;
  /** Whether the file is replaced by a new file, where that is possible. @defaultValue true */
  readonly atomic?: boolean | undefined;
  /** Shell: runs on the complete `$temp` only. */
  readonly inherit?: string;
  /** Shell: runs on the complete file, for example to set its mode. */
  readonly finish: (file: string) => string;
  /** Whether `finish` also runs on a device, a FIFO or a file of the kernel. */
  readonly finishesSpecial: boolean;
}

/** Shell: fails for a socket, which can be neither read nor written as a file. */
export function refuseSocket(target: string): string {
  return `[ ! -S ${target} ] || ${fail("Is a socket")}`;
}

/**
 * Shell: sets `$special` for files that a new file must not replace: devices, FIFOs, and the files
 * of the kernel in /proc and /sys, which no program can create. Links may lead there; a shell keeps
 * two slashes at the beginning of a path.
 */
const IS_SPECIAL = [
  "special=",
  '[ ! -p "$target" ] && [ ! -c "$target" ] && [ ! -b "$target" ] || special=1',
  '[ ! -f "$target" ] || case $(cd -P -- "${target%/*}/" 2>/dev/null && pwd -P)/ in /proc/* | //proc/* | /sys/* | //sys/*) special=1;; esac',
].join("; ");

/**
 * Shell: writes its stdin to a temporary file and moves that to the final name. The size is checked
 * first: when the connection breaks, `cat` sees an ordinary end of input, and the rest of the line
 * would continue with partial data. A special file is written in place. So is a file that is a
 * mount point, because the system refuses the move.
 */
export function replacing(
  path: string,
  { bytes, secret, mode, atomic = true, inherit = ":", finish, finishesSpecial }: Replacement,
): string {
  const [ofTarget, ofTemp] = [finish('"$target"'), finish('"$temp"')];
  const unlessSpecial = finishesSpecial ? "" : '[ "$special" ] || ';
  const narrow =
    mode === undefined
      ? ":"
      : `{ [ ! -e "$target" ] || chmod ${withoutLacking(mode)} -- "$target"; }`;
  return [
    staging(path),
    `[ ! -d "$target" ] || ${fail("Is a directory")}`,
    refuseSocket('"$target"'),
    // Without a mode, a new file gets that of the umask, and a replaced one that of the old file.
    secret ? "umask 077" : '[ ! -e "$target" ] || umask 077',
    IS_SPECIAL,
    `[ -z "$special" ] && ${atomic} || { { ${unlessSpecial}${narrow}; } && cat >"$target" && { ${unlessSpecial}${ofTarget}; }; exit; }`,
    `set -C`,
    `cat >"$temp" && [ "$(wc -c <"$temp")" -eq ${bytes} ] && ${inherit} && ${ofTemp} || exit`,
    moving('"$temp"', narrow, ofTarget),
  ].join("; ");
}

/**
 * Shell: moves a complete file to `$target`. A mount point is written in place, after `prepare` and
 * before `finish`.
 */
export function moving(file: string, prepare: string, finish: string): string {
  return [
    `said=$(mv -fT -- ${file} "$target" 2>&1) && exit`,
    // glibc prints "Device or resource busy", musl "Resource busy".
    `case $said in *"esource busy") ${prepare} && cat <${file} >|"$target" && ${finish}; exit;; esac`,
    `printf '%s\\n' "$said" >&2; exit 1`,
  ].join("; ");
}

/**
 * Returns a change for `chmod`: removes what the mode lacks, and what a change of the content would
 * remove. The owner may write until the end.
 */
function withoutLacking(mode: number): string {
  const lacking = (shift: number): string =>
    ["x", "w", "r"].filter((_, bit) => ((mode >> (shift + bit)) & 1) === 0).join("");
  return `a-st,u-${lacking(6)},u+w,g-${lacking(3)},o-${lacking(0)}`;
}

/** Formats a mode for `chmod`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
