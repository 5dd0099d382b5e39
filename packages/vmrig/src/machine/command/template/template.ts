import { createShellContext } from "./shell-context.ts";
import { type TemplateValue, toArgument, invalid } from "./template-value.ts";

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
