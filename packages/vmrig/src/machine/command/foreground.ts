import { quote } from "../../ssh/quote.ts";

/**
 * Reads the pid of a session's leader, and kills all that belongs to it. The sessions of what
 * descends from it, too: `sudo` gives a program at a terminal one of its own (`use_pty`), and so do
 * `script` and `tmux`. Its own last.
 */
const END_ALL = [
  "read -r top",
  `below() { for child in $(cat /proc/"$1"/task/*/children); do echo "$child"; below "$child"; done; }`,
  // The name of a program may have blanks and brackets in it: proc(5).
  'session() { read -r stat </proc/"$1"/stat && set -- ${stat##*) } && echo "$4"; }',
  'end() { pkill -KILL -s "$1"; kill -KILL -- "-$1"; }',
  "own=$(session $$)",
  'for id in $(for pid in $(below "$top"); do session "$pid"; done | sort -u); do [ "$id" = "$own" ] || [ "$id" = "$top" ] || end "$id"; done',
  'end "$top"',
].join("; ");

/**
 * A line at a terminal, in the foreground: it has the keyboard, and Ctrl+C reaches it. What runs in
 * the background of a shell without job control ignores that, so that here the watchman is beside
 * it: TERM, by which sshd reaches all that belongs to the login user, has him kill the session.
 *
 * @param as has the killing done by whoever runs the line
 */
export function inForeground(line: string, as: (script: string) => string): string {
  const stop = `trap "" TERM HUP; echo $$ | ${as(`exec sh -c ${quote(END_ALL)}`)} >/dev/null 2>&1; exit 143`;
  // A trap that does nothing is not passed on to a program, while a signal that is ignored would
  // be.
  const unmoved = "trap : INT QUIT TERM";
  const program = `{ ${unmoved}; ( ${unmoved}; ${line}\n) <&3 >&4 2>&1 3<&- 4>&-; echo $?; }`;
  // He reads the exit code, which comes when the program has ended.
  const watchman = `{ trap "" INT QUIT; trap ${quote(stop)} TERM HUP; read -r code; exit "\${code:-1}"; }`;
  return `exec sh -c ${quote(`${unmoved}; exec 3<&0 4>&1; ${program} | ${watchman} 3<&- 4>&-`)}`;
}
