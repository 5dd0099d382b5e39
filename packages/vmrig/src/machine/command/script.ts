import { VmrigError } from "../../errors/vmrig-error.ts";
import { quote, quoteWord } from "../../ssh/quote.ts";
import type { CommandOptions } from "./command.ts";
import { inForeground } from "./foreground.ts";

/**
 * Makes another user run a shell line: a command for the login user's shell. `sudo` by default; a
 * machine may have `doas`. It must set HOME and pass stdin on.
 */
export type Become = (user: string, line: string) => string;

/**
 * `-n`: a password prompt would hang. The shell is that of the login user, so that a line means the
 * same whoever runs it.
 */
export const sudo: Become = (user, line) =>
  `sudo -n -H -u ${quote(user)} -- "\${SHELL:-sh}" -c ${quote(line)}`;

/**
 * Linux refuses a longer single argument (MAX_ARG_STRLEN, 32 pages), and sshd makes one argument of
 * the shell of a whole script.
 */
const MAX_BYTES = 131_071;

/** What a machine is asked to run. */
export interface Script {
  /** For the login user's shell. */
  readonly text: string;
  /** What it reads from stdin before the command does. */
  readonly before?: Buffer;
}

export interface ScriptOptions extends Pick<CommandOptions, "env" | "cwd" | "shell" | "pty"> {
  readonly user: string;
  /** Missing when it is the user who logs in. */
  readonly become?: Become | undefined;
  /** It is what somebody sits at, with the option `pty`. @defaultValue false */
  readonly foreground?: boolean | undefined;
}

/**
 * A script that is too long for one argument comes over stdin, in front of the input: `head -c`
 * reads exactly that much of a pipe.
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
 * The line with its environment and folder, in front of it: sshd's AcceptEnv lets through only what
 * its owner thought of.
 */
function inPlace(line: string, { env = {}, cwd }: ScriptOptions): string {
  const exported = Object.entries(env).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new VmrigError("COMMAND_INVALID", {
        message: `${JSON.stringify(name)} is not a name for an environment variable.`,
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
 * Shell: makes a line of vmrig's own mean the same to zsh as to a shell of POSIX, where what an
 * unquoted variable holds is split into words, and a pattern that matches nothing stands for
 * itself.
 */
export const AS_POSIX = '[ -z "${ZSH_VERSION-}" ] || emulate sh; ';

/**
 * Shell, at the beginning of a whole script: zsh forgets how a child ended that did so in the time
 * of a trap, and has its `wait` say 127.
 */
const NOT_IN_ZSH = '[ -z "${ZSH_VERSION-}" ] || exec sh -c "$ZSH_EXECUTION_STRING"';

/**
 * Ends every process of the session that it runs in, through `pkill` where there is one, and its
 * first process group in any case.
 */
const END_SESSION =
  'read -r _ _ _ _ _ session _ </proc/$$/stat; pkill -KILL -s "$session"; kill -KILL -- "-$session"';

/**
 * Reads a signal and a process, and signals all that descend from it. Not by group or session: this
 * runs in the same ones.
 */
const PASS_ON = [
  "read -r name top",
  `below() { for child in $(cat /proc/"$1"/task/*/children); do echo "$child"; below "$child"; done; }`,
  `kill -"$name" $(below "$top")`,
].join("; ");

/**
 * What sshd is asked to send, and what the command's processes then get. TERM is taken: it ends
 * them all, and the shell beside them.
 */
const PASSED_ON = { HUP: "HUP", INT: "INT", USR1: "USR1", USR2: "USR2", QUIT: "TERM" } as const;

/**
 * The line as another user, beginning in that user's home.
 *
 * sshd signals as the login user, who may not signal another one's processes. So the line runs
 * beside a shell that waits for signals and passes them on as that other user. At TERM it kills the
 * session.
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

/** `sudo` begins where it was called. */
function fromHome(line: string): string {
  return `cd 2>/dev/null || cd /; ${line}`;
}

/** @throws VmrigError `COMMAND_INVALID` on text that no Linux takes as one argument */
export function checkLength(what: string, text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_BYTES) return text;
  throw new VmrigError("COMMAND_INVALID", {
    message: `${what} has ${bytes} bytes; Linux takes at most ${MAX_BYTES} in one argument.`,
    hint: "pass large data through the `input` option or `file().write()`",
  });
}

/** A path that no option parser, CDPATH or `cd -` can take for something else. */
export function quotePath(path: string): string {
  return quote(path.startsWith("/") ? path : `./${path}`);
}
