import { quote } from "../../../ssh/quote.ts";

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

/** Starts in the user's home: `sudo` keeps the current directory. */
export function fromHome(line: string): string {
  return `cd 2>/dev/null || cd /; ${line}`;
}
