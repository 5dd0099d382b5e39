import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CommandResult } from "./command.ts";
import { checkLength } from "./script.ts";
import { createShellContext } from "./shell-context.ts";

type Word = string | number | Pick<CommandResult, "stdout">;

/**
 * A value of `${…}`: one argument or a list of arguments. The result of a command is replaced by
 * its stdout.
 */
export type TemplateValue = Word | readonly Word[];

/**
 * Builds a shell line from a template literal. The literal text is shell: pipes, redirections and
 * globs work. Each value is quoted as one argument, and each list as several arguments. Text
 * directly next to a value belongs to the same argument. Inside `'…'` and `"…"` a value is part of
 * the quoted text.
 *
 * As in execa, JavaScript processes its own escapes first: a backslash for the shell is written
 * twice.
 *
 * @throws VmrigError `COMMAND_INVALID` on values that are not text, and on values in an unsupported
 *   position
 */
export function toLine(strings: TemplateStringsArray, values: readonly TemplateValue[]): string {
  const context = createShellContext();
  let line = "";
  for (const [index, text] of (strings as ReadonlyArray<string | undefined>).entries()) {
    if (text === undefined)
      throw invalid(`The template has an invalid backslash sequence: ${strings.raw[index]}`);
    context.read(text);
    line += text;
    if (index === values.length) break;
    const value: unknown = values[index];
    line += Array.isArray(value)
      ? context.embedAll(value.map((word) => toArgument(word, index)))
      : context.embed(toArgument(value, index));
  }
  if (line.trim() === "") throw invalid("The command is empty.");
  return line;
}

function toArgument(value: unknown, index: number): string {
  return checkLength(`Value ${index + 1} of the command`, toText(value, index));
}

function toText(value: unknown, index: number): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (value instanceof Promise)
    throw invalid(`Value ${index + 1} of the command is a promise: write \${await …}.`);
  if (
    typeof value === "object" &&
    value !== null &&
    "stdout" in value &&
    typeof value.stdout === "string"
  )
    return value.stdout;
  throw invalid(
    `Value ${index + 1} of the command is ${kind(value)}: only strings, numbers, results of commands and lists of them can be arguments.`,
  );
}

function kind(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "a list in a list";
  if (typeof value === "object")
    return `an object (${value.constructor?.name ?? "without a class"})`;
  return `a ${typeof value}`;
}

function invalid(message: string): VmrigError {
  return new VmrigError("COMMAND_INVALID", { message });
}
