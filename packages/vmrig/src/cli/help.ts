import { createProgram } from "./program.ts";
import { VERBS } from "./table.ts";
import type { Verb } from "./verb.ts";

/** Returns the output of `vmrig --help`, or of `vmrig VERB --help`. */
export function helpText(verb?: Verb, verbs: readonly Verb[] = VERBS): string {
  const program = createProgram(verbs);
  const command = program.commands.find((known) => known.name() === verb?.name) ?? program;
  let text = "";
  command.configureOutput({ writeOut: (part) => void (text += part) }).outputHelp();
  return text;
}
