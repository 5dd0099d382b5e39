import type { OptionNames } from "../../errors/check-options.ts";
import { quote, quoteWord } from "../../ssh/quote.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CommandOptions, Terminal } from "../command/command-options.ts";
import type { Duration } from "../duration-option.ts";
import { checkLength } from "../command/script/argument-length.ts";

export interface ShellOptions extends Terminal, Pick<CommandOptions, "env" | "cwd" | "signal"> {
  /** A shell line, or a program with its arguments. @defaultValue the user's login shell */
  readonly command?: string | readonly [file: string, ...args: string[]] | undefined;
}

export const SHELL_OPTIONS: OptionNames<ShellOptions> = {
  command: true,
  columns: true,
  rows: true,
  term: true,
  env: true,
  cwd: true,
  signal: true,
};

export interface TypeOptions {
  /** Whether the text is a secret: it never appears in evidence or errors. @defaultValue false */
  readonly secret?: boolean | undefined;
}

export const TYPE_OPTIONS: OptionNames<TypeOptions> = { secret: true };

export interface ScreenWaitOptions {
  /** @defaultValue 30 s */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const SCREEN_WAIT_OPTIONS: OptionNames<ScreenWaitOptions> = { timeout: true, signal: true };

/** Returns the line for the shell and the command as shown to people. */
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

/** Minimum number of columns of the emulator. */
const MIN_COLUMNS = 2;

/** Returns the size. @throws VmrigError `COMMAND_INVALID` on a size that no terminal can have */
export function checkSize<Size extends { readonly columns: number; readonly rows: number }>(
  size: Size,
): Size {
  // Any value with these fields is a size, such as the screen of another shell.
  const { columns, rows } = Object(size) as Size;
  const fits = (value: number, least: number): boolean =>
    Number.isInteger(value) && value >= least && value <= 10_000;
  if (fits(columns, MIN_COLUMNS) && fits(rows, 1)) return size;
  throw new VmrigError("COMMAND_INVALID", {
    message: `A terminal cannot have ${columns} columns and ${rows} rows.`,
    hint: `use whole numbers: columns from ${MIN_COLUMNS} to 10000, rows from 1 to 10000`,
  });
}
