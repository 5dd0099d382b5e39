/** Words that a shell prints in front of its read-only functions, when it cannot remove all. */
export const FUNCTIONS_LEFT = "functions that cannot be removed:";

/** As a shell prints it. The source of a script, which `set -v` prints, does not match. */
const PRINTED = new RegExp(`vmrig: ${FUNCTIONS_LEFT}([^]*)`);

/**
 * Returns the read-only functions of a shell that could not remove all functions: one named `cat`
 * would take the place of the program. Returns none when built-ins are missing, and `undefined`
 * when the shell had no such problem.
 *
 * @param outputs what was printed before the command
 */
export function functionsLeft(outputs: readonly string[]): readonly string[] | undefined {
  const [, list] = PRINTED.exec(outputs.join("\n")) ?? [];
  // "readonly -f cat readonly -f mv"
  return list === undefined
    ? undefined
    : [...list.matchAll(/readonly -f (\S+)/g)].map(([, name = ""]) => name);
}
