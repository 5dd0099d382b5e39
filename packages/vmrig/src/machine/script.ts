import { VmrigError } from "../errors/vmrig-error.ts";
import { quote } from "../ssh/quote.ts";

export interface ScriptOptions {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
}

/**
 * Makes another user run a shell line: a command for the login user's shell. `sudo` by default; a machine may have `doas`.
 * It must set HOME and pass stdin on.
 */
export type Become = (user: string, line: string) => string;

/** `-n`: a password prompt would hang. The shell is that of the login user, so that a line means the same whoever runs it. */
export const sudo: Become = (user, line) => `sudo -n -H -u ${quote(user)} -- "\${SHELL:-sh}" -c ${quote(line)}`;

/** Linux refuses a longer single argument (MAX_ARG_STRLEN, 32 pages), and the whole script is one argument of the shell. */
const MAX_BYTES = 131_071;

/** The line with its environment and folder, in front of it: sshd's AcceptEnv lets through only what its owner thought of. */
export function inPlace(line: string, { env = {}, cwd }: ScriptOptions): string {
  const exported = Object.entries(env).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new VmrigError("COMMAND_INVALID", { message: `${JSON.stringify(name)} is not a name for an environment variable.` });
    }
    return value === undefined ? `unset ${name}; ` : `export ${name}=${quote(value)}; `;
  });
  const entered = cwd === undefined ? "" : `cd ${quotePath(cwd)} || exit 1; `;
  return `${exported.join("")}${entered}${line}`;
}

/** Ends every process of the session that it runs in, through `pkill` where there is one, and its first process group in any case. */
const END_SESSION = 'read -r _ _ _ _ _ session _ </proc/$$/stat; pkill -KILL -s "$session"; kill -KILL -- "-$session"';

/**
 * The line as another user, beginning in that user's home.
 *
 * sshd signals as the login user, who may not end another one's processes. So the line runs beside a shell that waits for TERM and then ends
 * the session as that other user.
 */
export function asUser(user: string, line: string, become: Become): string {
  const stop = `trap "" TERM; ${become(user, END_SESSION)} >/dev/null 2>&1; exit 143`;
  const whole = become(user, `cd 2>/dev/null || cd /; ${line}`);
  return `trap ${quote(stop)} TERM; exec 3<&0; ${whole} <&3 3<&- & wait $!`;
}

/** @throws VmrigError `COMMAND_INVALID` when the script is too long for any Linux */
export function checkLength(script: string): string {
  const bytes = Buffer.byteLength(script);
  if (bytes <= MAX_BYTES) return script;
  throw new VmrigError("COMMAND_INVALID", {
    message: `The command has ${bytes} bytes; Linux takes at most ${MAX_BYTES}.`,
    hint: "pass large data through the `input` option or `file().write()`",
  });
}

/** A path that no option parser, CDPATH or `cd -` can take for something else. */
export function quotePath(path: string): string {
  return quote(path.startsWith("/") ? path : `./${path}`);
}
