import type { CommandResult } from "../outcome/command-result.ts";
import { checkLength } from "../script/argument-length.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";

type Word = string | number | Pick<CommandResult, "stdout">;

/**
 * A value of `${…}`: one argument or a list of arguments. The result of a command is replaced by
 * its stdout.
 */
export type TemplateValue = Word | readonly Word[];

export function toArgument(value: unknown, index: number): string {
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

export function invalid(message: string): VmrigError {
  return new VmrigError("COMMAND_INVALID", { message });
}
