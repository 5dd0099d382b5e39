import { CommanderError, type Command } from "commander";
import { createProgram, usageOf } from "./program.ts";
import { COMMON_OPTIONS, VERBS } from "./table.ts";
import { unknownNameError, usageError } from "./usage-error.ts";
import type { OptionValues, ParsedArguments, Verb } from "./verb.ts";

/** A parsed command line. */
export type ParsedCommand =
  | { readonly kind: "help"; readonly verb?: Verb }
  | { readonly kind: "version" }
  | {
      readonly kind: "run";
      readonly verb: Verb;
      readonly args: ParsedArguments;
      readonly config?: string;
    };

/**
 * Parses a command line.
 *
 * @throws VmrigError `CONFIG_INVALID` for an invalid command line; for an unknown verb or option,
 *   the details list the known ones, closest first
 */
export function parseCommandLine(
  argv: readonly string[],
  verbs: readonly Verb[] = VERBS,
): ParsedCommand {
  // Commander would append the words after `--` to the operands.
  const end = argv.indexOf("--");
  const words = end === -1 ? [...argv] : argv.slice(0, end);
  const machineCommand = end === -1 ? undefined : argv.slice(end + 1);

  // Reads the options of every verb, also before the verb. The rest is for the verb.
  const program = createProgram(verbs);
  const { operands, unknown } = program.parseOptions(words);
  const { config, help, version } = program.opts<OptionValues<typeof COMMON_OPTIONS>>();
  const [name, ...others] = operands;
  if (version === true) return { kind: "version" };
  if (name === undefined || name === "help") {
    const [option] = unknown;
    if (option !== undefined) throw unknownOptionError(option);
    const [about] = others;
    return about === undefined ? { kind: "help" } : { kind: "help", verb: findVerb(about, verbs) };
  }
  const verb = findVerb(name, verbs);
  if (help === true) return { kind: "help", verb };
  const command = program.commands.find((known) => known.name() === name) as Command;
  try {
    command.parse([...others, ...unknown], { from: "user" });
  } catch (error) {
    throw error instanceof CommanderError ? translateError(error, { verb, command }) : error;
  }
  checkMachineCommand(verb, machineCommand);
  return {
    kind: "run",
    verb,
    args: { options: optionValues(command), operands: command.args, command: machineCommand ?? [] },
    ...(config !== undefined && { config }),
  };
}

function findVerb(name: string, verbs: readonly Verb[]): Verb {
  const found = verbs.find((verb) => verb.name === name);
  if (found !== undefined) return found;
  const names = [...verbs.map((verb) => verb.name), "help"];
  throw unknownNameError(`vmrig has no verb "${name}".`, { typed: name, names });
}

/** Names the verb, its usage and the known options, which commander's messages do not. */
function translateError(
  { code, message }: CommanderError,
  { verb, command }: { readonly verb: Verb; readonly command: Command },
): Error {
  const who = `vmrig ${verb.name}`;
  const { args, registeredArguments } = command;
  if (code === "commander.unknownOption")
    return unknownOptionError(args.find((word) => /^-./.test(word)) ?? "", verb);
  if (code === "commander.missingArgument")
    return usageError(`${who} needs ${registeredArguments[args.length]?.name()}.`, usageHint(verb));
  if (code !== "commander.excessArguments") return usageError(message.replace(/^error: /, ""));
  const excess = args.slice(registeredArguments.length).join(" ");
  const hint =
    verb.command === undefined ? usageHint(verb) : `put the command after "--": ${usageOf(verb)}`;
  return usageError(`${who} does not take "${excess}".`, hint);
}

/** @param verb The verb before the option; undefined if the option precedes the verb. */
function unknownOptionError(option: string, verb?: Verb): Error {
  const [typed = "", value] = option.split(/=(.*)/s);
  const names = Object.keys({ ...verb?.options, ...COMMON_OPTIONS }).map((name) => `--${name}`);
  // Commander rejects `--follow=yes` as an unknown option.
  if (names.includes(typed)) return usageError(`${typed} takes no value, got "${value}".`);
  return verb === undefined
    ? unknownNameError(`vmrig has no option ${typed}.`, {
        typed,
        names,
        hint: "options of a verb come after it: vmrig VERB [options]",
      })
    : unknownNameError(`vmrig ${verb.name} has no option ${typed}.`, { typed, names });
}

function checkMachineCommand(verb: Verb, words: readonly string[] | undefined): void {
  if (verb.command === undefined && words !== undefined)
    throw usageError(`vmrig ${verb.name} takes no command.`, usageHint(verb));
  if (verb.command === "required" && (words === undefined || words.length === 0))
    throw usageError(`vmrig ${verb.name} needs a command.`, usageHint(verb));
}

function usageHint(verb: Verb): string {
  return `usage: ${usageOf(verb)}`;
}

/** Returns the given options by their names; commander's own keys are in camel case. */
function optionValues(command: Command): ParsedArguments["options"] {
  return Object.fromEntries(
    command.options.flatMap((option) => {
      const value: unknown = command.getOptionValue(option.attributeName());
      return value === undefined ? [] : [[option.name(), value]];
    }),
  ) as ParsedArguments["options"];
}
