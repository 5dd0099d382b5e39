import { isVmrigError, VmrigError, type ErrorFacts } from "../../../errors/vmrig-error.ts";
import type { Ending } from "../../../ssh/ending.ts";
import type { Frame } from "./frame.ts";
import { functionsLeft } from "./functions-left.ts";

/** A command of vmrig itself that did not begin. Nothing was read or written. */
export class NotBegunError extends VmrigError {
  /** Reason, as the end of a sentence. */
  readonly reason: string;

  constructor(command: string, machine: string, { reason, details, hint }: NotBegun) {
    super("COMMAND_FAILED", {
      message: `\`${command}\` on ${machine} did not begin: ${reason}.`,
      details,
      ...(hint === undefined ? {} : { hint }),
    });
    this.name = `NotBegunError [${this.code}]`;
    this.reason = reason;
  }
}

export function isNotBegun(value: unknown): value is NotBegunError {
  return isVmrigError(value) && value.name === `NotBegunError [${value.code}]`;
}

/** Returns details and hint for an error that an operation throws instead. */
export function factsOf(error: NotBegunError): Pick<ErrorFacts, "details" | "hint"> {
  const { details, hint } = error;
  return { details, ...(hint === undefined ? {} : { hint }) };
}

export interface NotBegun {
  readonly reason: string;
  readonly details: readonly string[];
  readonly hint?: string;
}

/**
 * Message of `sudo` itself, at the end of what the login shell printed. Nothing else there is shown
 * with an input, which may be printed, too.
 */
const OF_SUDO = /^(?:sudo|doas): |^Sorry, user | is not in the sudoers file/;

/**
 * Returns why a command that has ended never began. `undefined` when it began.
 *
 * @param hasInput whether the command has an input. A program that took the place of the command
 *   (`exec cat`) may have printed it, so that no output is shown
 */
export function notBegun(
  frame: Frame | undefined,
  ending: Ending,
  hasInput: boolean,
): NotBegun | undefined {
  if (frame === undefined || frame.begun || ending.ended !== "exited") return undefined;
  if (frame.stdout.joined) return outputsJoined();
  const left = functionsLeft([frame.stdout.before, frame.stderr.before]);
  if (left !== undefined) return keepsFunctions(left);
  // The login shell began, so that `sudo` had the word.
  const refused = frame.stderr.afterLogin?.trim().split("\n").at(-1);
  if (
    refused !== undefined &&
    refused !== "" &&
    ending.exitCode !== 0 &&
    (!hasInput || OF_SUDO.test(refused))
  )
    return { reason: refused.replace(/^sudo: /, "").replace(/\.$/, ""), details: [] };
  return neverBegun(ending, hasInput ? [] : [frame.stdout.ofLogin, frame.stderr.ofLogin]);
}

/** A startup file such as `exec 2>&1`: the output of a command cannot be told from its errors. */
export function outputsJoined(): NotBegun {
  return {
    reason: "a startup file of the login shell redirects its outputs",
    details: ["the standard error arrives in the standard output"],
    hint: "let startup files such as ~/.bashrc and ~/.zshenv redirect outputs only in an interactive shell: `case $- in *i*) … esac`",
  };
}

function keepsFunctions(names: readonly string[]): NotBegun {
  return {
    reason: "the functions of a startup file of the login shell cannot be removed",
    details: names.length === 0 ? [] : [`read-only: ${names.join(", ")}`],
    hint: "let startup files such as ~/.bashrc define read-only functions, or disable built-ins, only in an interactive shell: `case $- in *i*) … esac`",
  };
}

/** @param outputs what the login shell printed */
export function neverBegun(
  {
    exitCode,
    signal,
  }: { readonly exitCode?: number | undefined; readonly signal?: string | undefined },
  outputs: readonly string[],
): NotBegun {
  const said = outputs
    .join("\n")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-4);
  return {
    reason: "a startup file of the login shell exits or replaces the shell",
    details: [
      signal === undefined ? `exit code ${exitCode}` : `signal ${signal}`,
      ...said.map((line) => `output: ${line}`),
    ],
    hint: "let startup files such as ~/.bashrc and ~/.zshenv exit, or start another shell, only in an interactive shell: `case $- in *i*) … esac`",
  };
}
