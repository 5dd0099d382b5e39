import type { Holder } from "../lease/lease.ts";

/** An option of a verb: `--follow`, or `--config FILE` for an option with a `value`. */
export interface OptionSpec {
  readonly type: "boolean" | "string";
  /** Allows the option more than once. */
  readonly multiple?: true;
  /** One-letter alias. */
  readonly short?: string;
  /** Placeholder of the value in the help: `FILE`. */
  readonly value?: string;
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type OptionValue<S extends OptionSpec> = S["type"] extends "boolean"
  ? true
  : S extends { readonly multiple: true }
    ? readonly string[]
    : string;

/** Values of a verb's options; an option that was not given is missing. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [name in keyof O]?: OptionValue<O[name]>;
};

/** A verb's parsed arguments. */
export interface ParsedArguments<O extends OptionSpecs = OptionSpecs> {
  readonly options: OptionValues<O>;
  /** Positional arguments, such as machine names. */
  readonly operands: readonly string[];
  /** The words after `--`, unchanged. */
  readonly command: readonly string[];
}

/** What a verb gets from the process that runs it. */
export interface VerbContext {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The value of `--config`. */
  readonly config?: string;
  /** Holder of this command's leases. Other users in the queue see it. */
  readonly holder: Holder;
  /** Writes a result to standard output. */
  readonly print: (text: string) => void;
  /** Writes one line of progress to standard error. */
  readonly say: (line: string) => void;
  /** Aborts when the program is interrupted. */
  readonly signal: AbortSignal;
}

/** A positional argument. */
export interface Operand {
  readonly name: string;
  readonly required?: true;
}

/** A command of the CLI, such as `vmrig up`. */
export interface Verb<O extends OptionSpecs = OptionSpecs> {
  /** `up`; for a verb of a group with the group's name: `state list`. */
  readonly name: string;
  /** One line in the help of all verbs. */
  readonly summary: string;
  /** Paragraphs of `vmrig VERB --help`, after the summary. */
  readonly details: readonly string[];
  readonly operands: readonly Operand[];
  /** Whether a command for a machine may follow `--`. @defaultValue not allowed */
  readonly command?: "optional" | "required";
  readonly options: O;
  /**
   * Imports its modules itself: `vmrig --help`, `--version` and mistakes must not wait for them.
   *
   * @returns the exit code, unless it is 0
   */
  run(context: VerbContext, args: ParsedArguments<O>): Promise<number | void>;
}

/** Several verbs about one thing, such as `vmrig state list` and `vmrig state show`. */
export interface VerbGroup extends Pick<Verb, "name" | "summary" | "details"> {
  readonly verbs: readonly Verb[];
}

export function isGroup(entry: Verb | VerbGroup): entry is VerbGroup {
  return "verbs" in entry;
}

/** Defines a verb; infers the option types of `run`. */
export function defineVerb<const O extends OptionSpecs>(verb: Verb<O>): Verb<O> {
  return verb;
}
