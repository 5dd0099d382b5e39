import type { Holder } from "../lease/lease.ts";

/** An option of a verb: `--follow`, or `--config FILE` where it has a `value`. */
export interface OptionSpec {
  readonly type: "boolean" | "string";
  /** May be given more than once. */
  readonly multiple?: true;
  /** One letter. */
  readonly short?: string;
  /** What a value of it is, for people: `FILE`. */
  readonly value?: string;
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type OptionValue<S extends OptionSpec> = S["type"] extends "boolean"
  ? true
  : S extends { readonly multiple: true }
    ? readonly string[]
    : string;

/** What was given of a verb's options. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [name in keyof O]?: OptionValue<O[name]>;
};

/** What the command line says beside the verb's name. */
export interface Given<O extends OptionSpecs = OptionSpecs> {
  readonly options: OptionValues<O>;
  /** Words that are no options: names of machines. */
  readonly operands: readonly string[];
  /** The words after `--`. */
  readonly command: readonly string[];
}

/** What a verb works in. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The config that was named with `--config`. */
  readonly config?: string;
  /** Who asks, as others in line see it. */
  readonly holder: Holder;
  /** Gets what was asked for, to standard output: a script may read it. */
  readonly answer: (text: string) => void;
  /** Gets one whole line about what goes on, to standard error. */
  readonly say: (line: string) => void;
  /** Aborts when the program is told to end. */
  readonly signal: AbortSignal;
}

export interface Operand {
  readonly name: string;
  readonly required?: true;
}

export interface Verb<O extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  /** One line of the list of verbs. */
  readonly summary: string;
  /** What else `--help` says, a line each. */
  readonly details: readonly string[];
  readonly operands: readonly Operand[];
  /** Whether a command for a machine stands after `--`. @defaultValue it may not */
  readonly command?: "optional" | "required";
  readonly options: O;
  /** @returns the exit code, when it is another than 0 */
  run(surroundings: Surroundings, given: Given<O>): Promise<number | void>;
}

/** Lets `run` know the types of the options. */
export function defineVerb<const O extends OptionSpecs>(verb: Verb<O>): Verb<O> {
  return verb;
}
