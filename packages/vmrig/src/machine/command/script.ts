import { VmrigError } from "../../errors/vmrig-error.ts";
import { quote, quoteWord } from "../../ssh/quote.ts";
import type { CommandOptions } from "./command.ts";
import { inForeground } from "./foreground.ts";

/**
 * Wraps a shell line so that another user runs it, as a command for the login user's shell. The
 * default is `sudo`; a machine may use `doas`. The command must set HOME and pass stdin on.
 */
export type Become = (user: string, line: string) => string;

/**
 * Wraps a line in `sudo`. `-n`: a password prompt would hang. The shell is the login user's shell,
 * so that a line has one meaning for every user.
 */
export const sudo: Become = (user, line) =>
  `sudo -n -H -u ${quote(user)} -- "\${SHELL:-sh}" -c ${quote(line)}`;

/**
 * Maximum size of an argument. Linux rejects a longer single argument (MAX_ARG_STRLEN, 32 pages),
 * and sshd passes a whole script as one argument of the shell.
 */
const MAX_BYTES = 131_071;

/** A script for a machine. */
export interface Script {
  /** The script for the login user's shell. */
  readonly text: string;
  /** Data that the script reads from stdin before the command does. */
  readonly before?: Buffer;
}

export interface ScriptOptions extends Pick<CommandOptions, "env" | "cwd" | "shell" | "pty"> {
  readonly user: string;
  /** Missing for the login user. */
  readonly become?: Become | undefined;
  /**
   * Whether the line runs in the foreground of a terminal, with the option `pty`.
   *
   * @defaultValue false
   */
  readonly foreground?: boolean | undefined;
}

/**
 * Builds the script of a line. A script that is too long for one argument is sent over stdin, in
 * front of the input: `head -c` reads exactly that number of bytes from a pipe.
 *
 * @throws VmrigError `COMMAND_INVALID`
 */
export function toScript(line: string, options: ScriptOptions): Script {
  const { user, become, shell, pty = false, foreground = false } = options;
  const within = (line: string): string =>
    shell === undefined ? line : `exec ${quoteWord(shell)} -c ${quote(line)}`;
  const as = (line: string): string => (become === undefined ? line : become(user, line));
  const whole = (line: string): string => {
    if (foreground)
      return inForeground(become === undefined ? line : become(user, fromHome(line)), as);
    return become === undefined ? line : asUser(user, line, become);
  };
  const text = whole(inPlace(within(line), options));
  if (pty === false && Buffer.byteLength(text) > MAX_BYTES) {
    const before = Buffer.from(inPlace(line, options));
    return { text: whole(within(`eval "$(head -c ${before.length})"`)), before };
  }
  checkLength("The command", text);
  return { text };
}

/**
 * Adds the environment and the working directory in front of the line. sshd's AcceptEnv accepts
 * only the variables that its administrator listed.
 */
function inPlace(line: string, { env = {}, cwd }: ScriptOptions): string {
  const exported = Object.entries(env).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new VmrigError("COMMAND_INVALID", {
        message: `${JSON.stringify(name)} is not a valid name of an environment variable.`,
      });
    }
    return value === undefined
      ? `unset ${name}; `
      : `export ${name}=${quote(checkLength(`The variable ${name}`, value))}; `;
  });
  const entered = cwd === undefined ? "" : `cd ${quotePath(cwd)} || exit 1; `;
  return `${exported.join("")}${entered}${line}`;
}

/**
 * Shell: makes zsh interpret vmrig's own lines as a POSIX shell does. There, the value of an
 * unquoted variable is split into words, and a pattern without a match stands for itself.
 */
export const AS_POSIX = '[ -z "${ZSH_VERSION-}" ] || emulate sh; ';

/**
 * Shell, at the beginning of a whole script: zsh forgets the exit code of a child that ended while
 * a trap ran, and its `wait` returns 127.
 */
const NOT_IN_ZSH = '[ -z "${ZSH_VERSION-}" ] || exec sh -c "$ZSH_EXECUTION_STRING"';

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
function asUser(user: string, line: string, become: Become): string {
  const stop = `trap "" TERM; ${become(user, END_SESSION)} >/dev/null 2>&1; exit 143`;
  return [
    NOT_IN_ZSH,
    `trap ${quote(stop)} TERM`,
    `pass() { echo "$1 $!" | ${become(user, PASS_ON)} >/dev/null 2>&1; again=1; }`,
    ...Object.entries(PASSED_ON).map(([sent, meant]) => `trap "pass ${meant}" ${sent}`),
    "exec 3<&0",
    `${become(user, fromHome(line))} <&3 3<&- & while again=; wait $!; code=$?; [ "$again" ]; do :; done`,
    "exit $code",
  ].join("; ");
}

/** Starts in the user's home: `sudo` keeps the current directory. */
function fromHome(line: string): string {
  return `cd 2>/dev/null || cd /; ${line}`;
}

/**
 * Returns the text.
 *
 * @throws VmrigError `COMMAND_INVALID` when the text is too long for one argument on Linux
 */
export function checkLength(what: string, text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_BYTES) return text;
  throw new VmrigError("COMMAND_INVALID", {
    message: `${what} has ${bytes} bytes; Linux takes at most ${MAX_BYTES} in one argument.`,
    hint: "pass large data through the `input` option or `file().write()`",
  });
}

/** Quotes a path so that no option parser, CDPATH or `cd -` can misread it. */
export function quotePath(path: string): string {
  return quote(path.startsWith("/") ? path : `./${path}`);
}
