import { quote, quoteWord } from "../../ssh/quote.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CommandOptions, Terminal } from "../command/command.ts";
import type { Duration } from "../duration-option.ts";
import { checkLength } from "../command/script.ts";

export interface ShellOptions extends Terminal, Pick<CommandOptions, "env" | "cwd" | "signal"> {
  /** A line of the shell, or a program and its arguments. @defaultValue the user's login shell */
  readonly command?: string | readonly [file: string, ...args: string[]] | undefined;
}

export interface TypeOptions {
  /** It is shown nowhere: not in evidence, not in errors. @defaultValue false */
  readonly secret?: boolean | undefined;
}

export interface ScreenWaitOptions {
  /** @defaultValue 30 s */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is run, for the shell and for people. */
export function toLine(command: ShellOptions["command"]): {
  readonly line: string;
  readonly command: string;
} {
  if (command === undefined) return { line: 'exec "${SHELL:-sh}" -l', command: "login shell" };
  if (typeof command === "string")
    return {
      line: `exec "\${SHELL:-sh}" -c ${quote(checkLength("The command", command))}`,
      command,
    };
  const words = command
    .map((word, index) => quoteWord(checkLength(`Argument ${index}`, word)))
    .join(" ");
  return { line: `exec ${words}`, command: words };
}

/** The emulator knows no narrower ones. */
const NARROWEST = 2;

/** @throws VmrigError `COMMAND_INVALID` on a size that no terminal has */
export function checkSize<Size extends { readonly columns: number; readonly rows: number }>(
  size: Size,
): Size {
  const { columns, rows } = size;
  const fits = (value: number, least: number): boolean =>
    Number.isInteger(value) && value >= least && value <= 10_000;
  if (fits(columns, NARROWEST) && fits(rows, 1)) return size;
  throw new VmrigError("COMMAND_INVALID", {
    message: `A terminal cannot have ${columns} columns and ${rows} rows.`,
    hint: `whole numbers: columns from ${NARROWEST}, rows from 1, to 10000`,
  });
}
