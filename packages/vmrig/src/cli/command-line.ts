import { parseArgs } from "node:util";
import { VmrigError } from "../errors/vmrig-error.ts";
import { usage } from "./help.ts";
import { closestFirst } from "./closest-name.ts";
import { COMMON, VERBS } from "./table.ts";
import type { ParsedArguments, OptionSpecs, Verb } from "./verb.ts";

/** A parsed command line. */
export type ParsedCommand =
  | { readonly do: "help"; readonly verb?: Verb }
  | { readonly do: "version" }
  | {
      readonly do: "run";
      readonly verb: Verb;
      readonly given: ParsedArguments;
      readonly config?: string;
    };

/**
 * Parses a command line.
 *
 * @throws VmrigError `CONFIG_INVALID` for an invalid command line; for an unknown verb or option,
 *   the details list the known ones, closest first
 */
export function parseCommandLine(
  args: readonly string[],
  verbs: readonly Verb[] = VERBS,
): ParsedCommand {
  const { before, name, after } = splitAtVerb(args);
  const verb = name === undefined || name === "help" ? undefined : findVerb(name, verbs);
  if (verb === undefined) {
    const { options, operands } = read([...before, ...after], {}, "vmrig");
    if (options["version"] === true) return { do: "version" };
    const [about] = operands;
    return about === undefined ? { do: "help" } : { do: "help", verb: findVerb(about, verbs) };
  }
  const { options, operands, command } = read(
    [...before, ...after],
    verb.options,
    `vmrig ${verb.name}`,
  );
  if (options["help"] === true) return { do: "help", verb };
  if (options["version"] === true) return { do: "version" };
  checkWords(verb, operands, command);
  const { config, help: _help, version: _version, ...own } = options;
  const given = { options: own as ParsedArguments["options"], operands, command: command ?? [] };
  return { do: "run", verb, given, ...(typeof config === "string" && { config }) };
}

/**
 * Splits the words at the verb: the first word that is neither an option nor the value of an
 * option. Only common options may precede the verb.
 */
function splitAtVerb(args: readonly string[]): {
  before: readonly string[];
  name: string | undefined;
  after: readonly string[];
} {
  const { tokens } = parseArgs({
    args: [...args],
    options: parserOptions(COMMON),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const first = tokens.find(({ kind }) => kind === "positional" || kind === "option-terminator");
  if (first?.kind !== "positional") return { before: args, name: undefined, after: [] };
  return {
    before: args.slice(0, first.index),
    name: first.value,
    after: args.slice(first.index + 1),
  };
}

interface Words {
  readonly options: Readonly<Record<string, true | string | readonly string[]>>;
  readonly operands: readonly string[];
  /** Undefined without `--`. */
  readonly command?: readonly string[];
}

function read(args: readonly string[], own: OptionSpecs, who: string): Words {
  const specs: OptionSpecs = { ...own, ...COMMON };
  const end = args.indexOf("--");
  const words = end === -1 ? args : args.slice(0, end);
  const { tokens } = parseArgs({
    args: [...words],
    options: parserOptions(specs),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options: Record<string, true | string | readonly string[]> = {};
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined)
      throw unknown(
        `${who} has no option ${rawName}.`,
        rawName,
        Object.keys(specs).map((known) => `--${known}`),
      );
    if (spec.type === "boolean") {
      if (value !== undefined) throw mistake(`${rawName} takes no value, got "${value}".`);
      options[name] = true;
      continue;
    }
    // A word that begins with a dash is more likely the next option than a value.
    if (value === undefined || (!inlineValue && value.startsWith("-"))) {
      throw mistake(`${rawName} needs a value: ${rawName} ${spec.value}.`);
    }
    if (spec.multiple === true)
      options[name] = [...((options[name] as readonly string[] | undefined) ?? []), value];
    else if (name in options) throw mistake(`${rawName} was given twice.`);
    else options[name] = value;
  }
  const operands = tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : []));
  return { options, operands, ...(end !== -1 && { command: args.slice(end + 1) }) };
}

function checkWords(
  verb: Verb,
  operands: readonly string[],
  command: readonly string[] | undefined,
): void {
  const more = operands.slice(verb.operands.length);
  if (more.length > 0) {
    const words = more.join(" ");
    const hint =
      verb.command === undefined
        ? `usage: ${usage(verb)}`
        : `put the command after "--": ${usage(verb)}`;
    throw new VmrigError("CONFIG_INVALID", {
      message: `vmrig ${verb.name} does not take "${words}".`,
      hint,
    });
  }
  const missing = verb.operands.filter(({ required }) => required === true)[operands.length];
  if (missing !== undefined)
    throw mistake(`vmrig ${verb.name} needs ${missing.name}.`, `usage: ${usage(verb)}`);
  if (command !== undefined && verb.command === undefined)
    throw mistake(`vmrig ${verb.name} takes no command.`, `usage: ${usage(verb)}`);
  if (verb.command === "required" && (command === undefined || command.length === 0)) {
    throw mistake(`vmrig ${verb.name} needs a command.`, `usage: ${usage(verb)}`);
  }
}

function findVerb(name: string, verbs: readonly Verb[]): Verb {
  const found = verbs.find((verb) => verb.name === name);
  if (found !== undefined) return found;
  throw unknown(`vmrig has no verb "${name}".`, name, [...verbs.map((verb) => verb.name), "help"]);
}

function unknown(message: string, typed: string, names: readonly string[]): VmrigError {
  return new VmrigError("CONFIG_INVALID", {
    message,
    details: [`available: ${closestFirst(typed, names).join(", ")}`],
  });
}

function mistake(message: string, hint = "see vmrig --help"): VmrigError {
  return new VmrigError("CONFIG_INVALID", { message, hint });
}

function parserOptions(
  specs: OptionSpecs,
): Record<string, { type: "boolean" | "string"; multiple?: boolean; short?: string }> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { type, short }]) => [
      name,
      { type, multiple: true, ...(short !== undefined && { short }) },
    ]),
  );
}
