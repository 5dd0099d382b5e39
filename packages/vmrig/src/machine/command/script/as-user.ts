import { quote } from "../../../ssh/quote.ts";
import { type Become, fromHome } from "./become.ts";
import { NOT_IN_ZSH } from "./zsh.ts";

/**
 * Ends every process of the session that it runs in: through `pkill` where installed, and the
 * session's first process group in any case.
 */
const END_SESSION =
  'read -r _ _ _ _ _ session _ </proc/$$/stat; pkill -KILL -s "$session"; kill -KILL -- "-$session"';

/**
 * Reads a signal and a process id, and signals all descendants of the process. It cannot signal by
 * group or session, because it runs in the same ones.
 */
const PASS_ON = [
  "read -r name top",
  `below() { for child in $(cat /proc/"$1"/task/*/children); do echo "$child"; below "$child"; done; }`,
  `kill -"$name" $(below "$top")`,
].join("; ");

/**
 * Signals sent through sshd, and the signals that the command's processes receive. TERM is not
 * available: it ends the processes together with the shell beside them.
 */
const PASSED_ON = { HUP: "HUP", INT: "INT", USR1: "USR1", USR2: "USR2", QUIT: "TERM" } as const;

/**
 * Builds the line for another user, starting in that user's home.
 *
 * sshd signals as the login user, which may not signal another user's processes. The line therefore
 * runs beside a shell that waits for signals and passes them on as the other user. At TERM the
 * shell kills the session.
 */
export function asUser(user: string, line: string, become: Become): string {
  const stop = `trap "" TERM; ${become(user, END_SESSION)} >/dev/null 2>&1; exit 143`;
  const lines = [
    `trap ${quote(stop)} TERM`,
    `pass() { echo "$1 $!" | ${become(user, PASS_ON)} >/dev/null 2>&1; again=1; }`,
    ...Object.entries(PASSED_ON).map(([sent, meant]) => `trap "pass ${meant}" ${sent}`),
    "exec 3<&0",
    `${become(user, fromHome(line))} <&3 3<&- & while again=; wait "$!"; code=$?; [ "$again" ]; do :; done`,
    'exit "$code"',
  ].join("; ");
  // Startup files of the login shell may define aliases. They last until the end of the line.
  return `${NOT_IN_ZSH}; \\unalias -a\n${lines}`;
}
