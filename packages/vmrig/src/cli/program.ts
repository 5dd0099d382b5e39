import { Command, Option } from "commander";
import { COMMON_OPTIONS, VERBS } from "./table.ts";
import { usageError } from "./usage-error.ts";
import { isGroup, type OptionSpec, type OptionSpecs, type Verb, type VerbGroup } from "./verb.ts";

const EXIT_CODES = `
Exit codes: 0 success, 1 test failure, 2 invalid command line or config,
3 infrastructure failure, 4 bug in vmrig, 129, 130 or 143 interrupted,
141 stdout closed. ssh and exec exit with the exit code of their command.

Results go to stdout. Progress and errors go to stderr.`;

/**
 * Creates commander's program from the verbs. It writes nothing and does not exit: it throws
 * instead.
 */
export function createProgram(verbs: readonly (Verb | VerbGroup)[] = VERBS): Command {
  const program = new Command("vmrig")
    .description("Real virtual machines for tests.")
    .usage("[options] VERB")
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .configureHelp({
      subcommandTerm: (command) => command.name(),
      optionTerm: ({ flags }) => flags.replace(/[[\]]/g, ""),
      optionDescription: ({ description }) => description,
    })
    // `--help` is an option of every verb, so that it works before the verb, too.
    .helpOption(false)
    .optionsGroup("Options of every verb:")
    .commandsGroup("Verbs:")
    .helpCommand("help", "prints the help of one verb, as in `vmrig help up`")
    .addHelpText("after", EXIT_CODES);
  addOptions(program, COMMON_OPTIONS);
  for (const verb of verbs) addVerb(program, verb);
  return program;
}

/** Returns commander's command for a verb. */
export function commandOf(program: Command, { name }: Verb | VerbGroup): Command {
  return name
    .split(" ")
    .reduce((at, word) => at.commands.find((known) => known.name() === word) as Command, program);
}

function addVerb(parent: Command, verb: Verb | VerbGroup): void {
  const command = parent
    .command(verb.name.split(" ").at(-1) ?? "")
    .summary(verb.summary)
    .description([sentence(verb.summary), ...verb.details].join("\n\n"));
  if (isGroup(verb)) {
    command.usage("VERB [options]").commandsGroup("Verbs:").helpCommand(false);
    for (const inner of verb.verbs) addVerb(command, inner);
    return;
  }
  command.usage(argumentsOf(verb));
  addOptions(command, verb.options);
  for (const { name, required } of verb.operands)
    command.argument(required === true ? `<${name}>` : `[${name}]`);
}

/** Returns the usage of a verb: `vmrig exec [options] MACHINE -- COMMAND…`. */
export function usageOf(verb: Verb): string {
  return `vmrig ${verb.name} ${argumentsOf(verb)}`;
}

function argumentsOf({ operands, command }: Verb): string {
  const names = operands.map(({ name, required }) => (required === true ? name : `[${name}]`));
  const after = { none: [], optional: ["[-- COMMAND…]"], required: ["-- COMMAND…"] };
  return ["[options]", ...names, ...after[command ?? "none"]].join(" ");
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function addOptions(command: Command, specs: OptionSpecs): void {
  for (const [name, spec] of Object.entries(specs)) command.addOption(createOption(name, spec));
}

function createOption(name: string, { short, value, help, multiple }: OptionSpec): Option {
  const flags = short === undefined ? `--${name}` : `-${short}, --${name}`;
  if (value === undefined) return new Option(flags, help);
  // With `<VALUE>`, commander would use a following option as the value.
  const option = new Option(`${flags} [${value}]`, help).preset("");
  const check = (given: string): string => {
    if (given === "") throw usageError(`--${name} needs a value: --${name} ${value}.`);
    return given;
  };
  if (multiple === true)
    return option.argParser<readonly string[] | undefined>((given, previous = []) => [
      ...previous,
      check(given),
    ]);
  return option.argParser<string | undefined>((given, previous) => {
    if (previous !== undefined) throw usageError(`--${name} was given twice.`);
    return check(given);
  });
}
