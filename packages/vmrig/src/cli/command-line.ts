import { CommanderError, type Command } from "commander";
import { commandOf, createProgram, usageOf } from "./program.ts";
import { COMMON_OPTIONS, VERBS } from "./table.ts";
import { unknownNameError, usageError } from "./usage-error.ts";
import {
  isGroup,
  type OptionValues,
  type ParsedArguments,
  type Verb,
  type VerbGroup,
} from "./verb.ts";

/** A parsed command line. */
export type ParsedCommand =
  | { readonly kind: "help"; readonly verb?: Verb | VerbGroup }
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
  verbs: readonly (Verb | VerbGroup)[] = VERBS,
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
    if (others.length === 0) return { kind: "help" };
    return { kind: "help", verb: findVerb(others, verbs).verb };
  }
  const { verb, rest } = findVerb(operands, verbs);
  if (help === true) return { kind: "help", verb };
  if (isGroup(verb)) {
    const [option] = unknown;
    if (option === undefined) return { kind: "help", verb };
    throw unknownOptionError(option, verb);
  }
  const command = commandOf(program, verb);
  try {
    command.parse([...rest, ...unknown], { from: "user" });
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

/** Returns the verb that the first words name, and the words after it. */
function findVerb(
  [name = "", ...rest]: readonly string[],
  verbs: readonly (Verb | VerbGroup)[],
): { readonly verb: Verb | VerbGroup; readonly rest: readonly string[] } {
  const verb = verbs.find((known) => known.name === name);
  if (verb === undefined) {
    const names = [...verbs.map((known) => known.name), "help"];
    throw unknownNameError(`vmrig has no verb "${name}".`, { typed: name, names });
  }
  const [second, ...others] = rest;
  if (!isGroup(verb) || second === undefined) return { verb, rest };
  const inner = verb.verbs.find((known) => known.name === `${name} ${second}`);
  if (inner !== undefined) return { verb: inner, rest: others };
  const names = verb.verbs.map((known) => known.name.slice(name.length + 1));
  throw unknownNameError(`vmrig ${name} has no verb "${second}".`, { typed: second, names });
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
function unknownOptionError(option: string, verb?: Verb | VerbGroup): Error {
  const [typed = "", value] = option.split(/=(.*)/s);
  const own = verb === undefined || isGroup(verb) ? {} : verb.options;
  const names = Object.keys({ ...own, ...COMMON_OPTIONS }).map((name) => `--${name}`);
  // Commander rejects `--follow=yes` as an unknown option.
  if (names.includes(typed)) return usageError(`${typed} takes no value, got "${value}".`);
  const before = ["vmrig", ...(verb === undefined ? [] : [verb.name])].join(" ");
  return verb === undefined || isGroup(verb)
    ? unknownNameError(`${before} has no option ${typed}.`, {
        typed,
        names,
        hint: `options of a verb come after it: ${before} VERB [options]`,
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
