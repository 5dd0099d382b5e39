import { randomBytes } from "node:crypto";
import { FrameStart } from "./frame-start.ts";

/**
 * Frame around a command of vmrig itself. The startup files of the login shell run before the
 * command and may print, exit, replace the shell, or read the input. The output of the command
 * begins behind a mark, and its input begins with a line that only the command may read.
 */
export class Frame {
  readonly id = randomBytes(8).toString("hex");
  /** Line that a command printed before another user runs it. */
  readonly login = `vmrig-login-${this.id}\n`;
  /** Line in front of the standard output. */
  readonly mark = `vmrig-${this.id}\n`;
  /** Line in front of the standard error, printed before the other one. */
  readonly errorMark = `vmrig-stderr-${this.id}\n`;
  readonly stdout = new FrameStart({
    login: this.login,
    mark: this.mark,
    foreign: this.errorMark,
  });
  readonly stderr = new FrameStart({ login: this.login, mark: this.errorMark });
  /**
   * Line in front of the input. A shell that takes the place of the command, such as one of `exec
   * zsh` in ~/.bashrc, would run the input: it exits at this line. An interactive zsh has no
   * comments. The line does not end with a mark, because `exec cat` would print it.
   */
  readonly inputLine = `exit 97; : ${this.id}-input`;

  /** Whether the command has begun. */
  get begun(): boolean {
    return this.stdout.begun;
  }
}
