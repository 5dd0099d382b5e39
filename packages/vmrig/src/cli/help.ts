import { commandOf, createProgram } from "./program.ts";
import { VERBS } from "./table.ts";
import type { Verb, VerbGroup } from "./verb.ts";

/** Returns the output of `vmrig --help`, or of `vmrig VERB --help`. */
export function helpText(
  verb?: Verb | VerbGroup,
  verbs: readonly (Verb | VerbGroup)[] = VERBS,
): string {
  const program = createProgram(verbs);
  const command = verb === undefined ? program : commandOf(program, verb);
  let text = "";
  command.configureOutput({ writeOut: (part) => void (text += part) }).outputHelp();
  return text;
}
