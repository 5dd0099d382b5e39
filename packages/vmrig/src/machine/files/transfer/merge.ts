import { quote } from "../../../ssh/quote.ts";

/** Shell, for `xargs`: checks that no file is in the place of one of the folders. */
const CHECK_FOLDERS = `for each in "$@"; do
  [ -d "$0/$each" ] || { [ ! -e "$0/$each" ] && [ ! -L "$0/$each" ]; } || { printf 'vmrig: %s: Not a directory\\n' "$0/$each" >&2; exit 1; }
done`;

/** Shell, for `xargs`: prints the type of everything that has the name of one of the files. */
const TYPES = `cd -- "$0" && stat --printf '%F: %n\\0' -- "$@"`;

/** Shell, for `xargs`: prints the records of folders that the target does not have. */
const KEEP_NEW = `for each in "$@"; do
  [ -d "$0/\${each#* * }" ] || printf '%s\\0' "$each"
done`;

/**
 * Shell, for `xargs`: moves the folders that the target does not have. A folder takes its content
 * along, and neighbours move together: `for` has read its list before `set` replaces it.
 */
const MOVE_FOLDERS = `last= parent= begun=
move() { mv -t "$0/$parent" -- "$@" || exit 1; }
for each in "$@"; do
  [ "$begun" ] || { set --; begun=1; }
  [ ! -d "$0/$each" ] && [ -d "$each" ] || continue
  case $each in "$last"/*) continue;; esac
  [ $# -eq 0 ] || { [ "$parent" = "\${each%/*}" ] && [ $# -lt 500 ]; } || { move "$@"; set --; }
  parent=\${each%/*} last=$each
  set -- "$@" "$each"
done
[ $# -eq 0 ] || move "$@"`;

/**
 * Perl: moves the files. A file that was moved with its folder is skipped. Debian and Ubuntu always
 * have Perl. `mv` moves to one folder only, and `cp` needs five system calls for each file: 4,800
 * files in 600 folders take `cp` 85 ms and Perl 34 ms.
 */
const RENAME = `chomp; lstat or next; rename $_, "$ENV{into}/$_" or exit 1`;

/** Shell, for `xargs`: moves the files of each folder. */
const MOVE_FILES = `for each in "$@"; do
  [ ! -d "$each" ] || find "$each" -mindepth 1 -maxdepth 1 ! -type d -exec mv -f -t "$0/$each" -- {} + || exit 1
done`;

/** Shell, for `xargs`: sets the modes of the records. */
const SET_MODES = `for each in "$@"; do
  mode=\${each#* }; chmod "\${mode%% *}" -- "$0/\${each#* * }" || exit 1
done`;

/**
 * Shell: moves the folder `$from` to `$target` if the name is free. Otherwise merges it into the
 * folder `$target`, after a check for conflicts, and lists its folders in files of `$temp`. Does
 * what `moveInto` does on this computer. All paths are absolute.
 *
 * The number of programs depends neither on the number of files nor on that of existing folders: on
 * an emulated machine, each program takes up to 50 ms.
 */
export const MERGE = [
  `if [ ! -d "$target" ]; then`,
  `[ ! -L "$target" ] || { printf 'vmrig: %s: Not a directory\\n' "$target" >&2; exit 1; }`,
  // Moving a folder also writes to the folder itself: its `..` changes.
  `[ ! -w "$from" ] || { mv -T -- "$from" "$target"; exit; }`,
  `mode=$(stat -c %a -- "$from") && chmod u+w -- "$from" && mv -T -- "$from" "$target" && chmod "$mode" -- "$target"`,
  `exit; fi`,
  // `find` runs `chmod` on a folder before it enters the folder.
  `cd -- "$from" && find . -type d \\( \\( -perm -700 -o -fprintf "$temp/modes" '%d %m %p\\0' -exec chmod u+rwx {} \\; \\) , -fprint0 "$temp/folders" \\) -o -fprint0 "$temp/files" || exit 1`,
  perItem(CHECK_FOLDERS, "folders"),
  `clash=$(xargs -0 -r sh -c ${quote(TYPES)} "$target" <"$temp/files" 2>/dev/null | grep -z -m 1 '^directory: ' | tr -d '\\0')`,
  `[ -z "$clash" ] || { printf 'vmrig: %s: Is a directory\\n' "$target/\${clash#* }" >&2; exit 1; }`,
  perItem(KEEP_NEW, "modes", "new"),
  perItem(MOVE_FOLDERS, "folders"),
  `if command -v perl >/dev/null; then into=$target perl -0 -ne ${quote(RENAME)} <"$temp/files"`,
  // `cp -l -f` makes a link with a temporary name and renames it. Some file systems have no links.
  `else find . ! -type d -print0 | xargs -0 -r cp -l -f -P --parents -t "$target" -- 2>/dev/null; fi || ${perItem(MOVE_FILES, "folders")}`,
  // Folders in a folder before the folder itself.
  `sort -z -r -n <"$temp/new" | xargs -0 -r sh -c ${quote(SET_MODES)} "$target"`,
].join("\n");

function perItem(script: string, list: string, output?: string): string {
  const into = output === undefined ? "" : ` >"$temp/${output}"`;
  return `xargs -0 -r sh -c ${quote(script)} "$target" <"$temp/${list}"${into} || exit 1`;
}
