import { quote } from "../../../ssh/quote.ts";
import { NOT_IN_ZSH } from "../script/zsh.ts";
import { FUNCTIONS_LEFT } from "./functions-left.ts";
import type { Frame } from "./frame.ts";

/** Built-ins of the lines below. */
const USED = "[ builtin cd compgen declare set shopt trap unalias unset";

/**
 * Shell, in the POSIX mode of bash: exits, and prints which functions are read-only. An expansion
 * prints it, because a read-only function may have the name of any program, even of `printf`. In
 * the POSIX mode the list has only names.
 */
const REFUSE = `\\unset vmrig; \\: "\${BASH_VERSION:+\${vmrig:?${FUNCTIONS_LEFT} $(\\readonly -f)}}"`;

/**
 * Shell: removes functions. A function in bash may have the name of a built-in, even of `unset`,
 * but in the POSIX mode such a built-in is found first (Bash manual, "Bash and POSIX"). The mode
 * begins and ends with the variable. Other shells may fail for a missing function.
 */
const UNWRAP = `POSIXLY_CORRECT=1; \\unset -f ${USED} 2>/dev/null || { ${REFUSE}; }; \\unset POSIXLY_CORRECT`;

/**
 * Shell, in bash: removes all functions. Only a machine that has any pays for the subshell, or one
 * whose bash has no `compgen`. The list has `declare -f` in front of each name: `unset` ignores
 * functions that do not exist. Other shells read no startup files for a command.
 */
const NO_FUNCTIONS = `\\compgen -A function >/dev/null 2>&1; \\[ $? = 1 ] || { vmrig=$(\\declare -F) && \\unset -f $vmrig 2>/dev/null || { POSIXLY_CORRECT=1; ${REFUSE}; }; }`;

/**
 * Shell: undoes what the startup files of a shell changed for vmrig's own lines. Uses built-ins
 * only: a program costs 50 ms on an emulated machine. zsh expands aliases in a whole script before
 * it runs the first line, and has hooks without number; it is replaced by `sh`. All other shells
 * read a script line by line, so that the second line has no aliases.
 */
const CLEAN = [
  NOT_IN_ZSH,
  UNWRAP,
  "\\set +efuvxC",
  "\\trap - EXIT HUP INT QUIT TERM",
  "\\unset IFS TAR_OPTIONS",
  `\\[ -z "\${BASH_VERSION-}" ] || { \\trap - DEBUG ERR RETURN; \\set +o pipefail; \\shopt -u failglob nullglob dotglob nocaseglob nocasematch xpg_echo; ${NO_FUNCTIONS}; }`,
  "\\unalias -a",
  "\\cd 2>/dev/null || \\cd /\n",
].join("; ");

/**
 * Shell: prints a mark on the standard error, then one on the standard output. The source does not
 * contain the marks, because `set -x` and a trap for DEBUG print the source.
 */
export function printMarks(marks: { readonly mark: string; readonly errorMark: string }): string {
  return `${print(marks.errorMark)} >&2; ${print(marks.mark)}; `;
}

function print(mark: string): string {
  const [start = "", id = ""] = mark.trimEnd().split(/(?<=-)(?=[0-9a-f]+$)/);
  return `printf '${start}%s\\n' ${id}`;
}

/** Shell: begins the script of the login shell when another user runs the command. */
export function beginLogin(frame: Frame): string {
  return `${CLEAN}${printMarks({ mark: frame.login, errorMark: frame.login })}`;
}

/**
 * Shell: begins the command. With an input, checks that nothing has read from it.
 *
 * @param input whether the input begins with the line of the frame
 */
export function beginFrame(frame: Frame, input: boolean): string {
  const check = `IFS= read -r vmrig && [ "$vmrig" = ${quote(frame.inputLine)} ] || { echo 'vmrig: ${READ_INPUT}' >&2; exit 1; }; `;
  return `${CLEAN}${printMarks(frame)}${input ? check : ""}`;
}

const READ_INPUT = "a startup file of the login shell reads the input";
