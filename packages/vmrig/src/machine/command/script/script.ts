import { VmrigError } from "../../../errors/vmrig-error.ts";
import { quote, quoteWord, quotePath } from "../../../ssh/quote.ts";
import type { CommandOptions } from "../command-options.ts";
import { beginFrame, beginLogin } from "../frame/framed-script.ts";
import type { Frame } from "../frame/frame.ts";
import { inForeground } from "./foreground.ts";
import { type Become, fromHome } from "./become.ts";
import { asUser } from "./as-user.ts";
import { MAX_BYTES, checkLength } from "./argument-length.ts";

/** A script for a machine. */
export interface Script {
  /** The script for the login user's shell. */
  readonly text: string;
  /** Data that the script reads from stdin before the command does. */
  readonly before?: Buffer;
}

export interface ScriptOptions extends Pick<
  CommandOptions,
  "env" | "cwd" | "shell" | "pty" | "input"
> {
  readonly user: string;
  /** Missing for the login user. */
  readonly become?: Become | undefined;
  /**
   * Whether the line runs in the foreground of a terminal, with the option `pty`.
   *
   * @defaultValue false
   */
  readonly foreground?: boolean | undefined;
  readonly frame?: Frame | undefined;
}

/**
 * Builds the script of a line. A script that is too long for one argument is sent over stdin, in
 * front of the input: `head -c` reads exactly that number of bytes from a pipe.
 *
 * @throws VmrigError `COMMAND_INVALID`
 */
export function toScript(line: string, options: ScriptOptions): Script {
  const { user, become, shell, pty = false, foreground = false, frame, input } = options;
  const within = (line: string): string =>
    shell === undefined ? line : `exec ${quoteWord(shell)} -c ${quote(line)}`;
  const as = (line: string): string => (become === undefined ? line : become(user, line));
  const whole = (line: string): string => {
    if (foreground)
      return inForeground(become === undefined ? line : become(user, fromHome(line)), as);
    return become === undefined ? line : asUser(user, line, become);
  };
  const login = frame === undefined || become === undefined ? "" : beginLogin(frame);
  const begin = (hasInput: boolean): string =>
    frame === undefined ? "" : beginFrame(frame, hasInput);
  const start = frame === undefined ? "" : `${frame.inputLine}\n`;
  const text = `${login}${whole(`${begin(input !== undefined)}${inPlace(within(line), options)}`)}`;
  if (pty === false && Buffer.byteLength(text) > MAX_BYTES) {
    const own = inPlace(line, options);
    const read = `eval "$(head -c ${Buffer.byteLength(own)})"`;
    return {
      text: `${login}${whole(`${begin(true)}${within(read)}`)}`,
      before: Buffer.from(`${start}${own}`),
    };
  }
  checkLength("The command", text);
  return { text, ...(start !== "" && input !== undefined && { before: Buffer.from(start) }) };
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
