import { quote } from "../../../ssh/quote.ts";

/**
 * Reads the pid of a session's leader and kills all processes of that session and of its
 * descendants' sessions. `sudo` gives a program at a terminal a separate session (`use_pty`), and
 * so do `script` and `tmux`. The leader's own session is killed last.
 */
const END_ALL = [
  "read -r top",
  `below() { for child in $(cat /proc/"$1"/task/*/children); do echo "$child"; below "$child"; done; }`,
  // A program's name may contain blanks and brackets: proc(5).
  'session() { read -r stat </proc/"$1"/stat && set -- ${stat##*) } && echo "$4"; }',
  'end() { pkill -KILL -s "$1"; kill -KILL -- "-$1"; }',
  "own=$(session $$)",
  'for id in $(for pid in $(below "$top"); do session "$pid"; done | sort -u); do [ "$id" = "$own" ] || [ "$id" = "$top" ] || end "$id"; done',
  'end "$top"',
].join("; ");

/**
 * Wraps a line so that it runs in the foreground of a terminal: the line receives the keyboard, and
 * Ctrl+C reaches it. A background process of a shell without job control ignores Ctrl+C. The
 * supervisor therefore runs beside the line. sshd's TERM reaches all processes of the login user,
 * and makes the supervisor kill the session.
 *
 * @param as wraps the script that kills the session, so that the user that runs the line executes
 *   it
 */
export function inForeground(line: string, as: (script: string) => string): string {
  const stop = `trap "" TERM HUP; echo $$ | ${as(`exec sh -c ${quote(END_ALL)}`)} >/dev/null 2>&1; exit 143`;
  // A program does not inherit a trap that does nothing. It would inherit an ignored signal.
  const surviveSignals = "trap : INT QUIT TERM";
  const program = `{ ${surviveSignals}; ( ${surviveSignals}; ${line}\n) <&3 >&4 2>&1 3<&- 4>&-; echo $?; }`;
  // The supervisor reads the exit code, which arrives when the program has ended.
  const supervisor = `{ trap "" INT QUIT; trap ${quote(stop)} TERM HUP; read -r code; exit "\${code:-1}"; }`;
  return `exec sh -c ${quote(`${surviveSignals}; exec 3<&0 4>&1; ${program} | ${supervisor} 3<&- 4>&-`)}`;
}
