import type { CommandPromise } from "../command.ts";
import type { OutputOf } from "../outcome/command-result.ts";
import type { CommandOptions } from "../command-options.ts";
import { toLine } from "./template.ts";
import type { TemplateValue } from "./template-value.ts";

/**
 * A template literal tag that runs the line. Called with options, it returns a tag with these
 * options bound: `` pc1.$({ reject: false })`cmd` ``.
 */
export interface CommandTag<Bound = object> {
  (
    strings: TemplateStringsArray,
    ...values: readonly TemplateValue[]
  ): CommandPromise<OutputOf<Bound>>;
  <const Options extends CommandOptions>(options: Options): CommandTag<Merged<Bound, Options>>;
}

/** A template literal tag, as {@link CommandTag}, for work other than a plain command. */
export interface Tag<Options, Outcome> {
  (strings: TemplateStringsArray, ...values: readonly TemplateValue[]): Outcome;
  (options: Options): Tag<Options, Outcome>;
}

/**
 * Creates a tag. The line is built only when `execute` calls `line()`, so that a mistake in the
 * template becomes an error of the execution.
 *
 * @param check throws on invalid options
 */
export function createTag<Options extends Pick<CommandOptions, "env">, Outcome>(
  check: (options: Options) => void,
  execute: (line: () => string, options: Partial<Options>) => Outcome,
): Tag<Options, Outcome> {
  const bind = (bound: Partial<Options>): Tag<Options, Outcome> => {
    function tag(strings: TemplateStringsArray, ...values: readonly TemplateValue[]): Outcome;
    function tag(options: Options): Tag<Options, Outcome>;
    function tag(
      first: TemplateStringsArray | Options,
      ...values: readonly TemplateValue[]
    ): Outcome | Tag<Options, Outcome> {
      if (isTemplate(first)) return execute(() => toLine(first, values), bound);
      check(first);
      return bind({ ...bound, ...first, ...mergedEnv(bound, first) });
    }
    return tag;
  };
  return bind({});
}

/** Merges `env`. As in execa, `env` is the only option that accumulates. */
function mergedEnv(
  bound: Pick<CommandOptions, "env">,
  options: Pick<CommandOptions, "env">,
): Pick<CommandOptions, "env"> {
  return bound.env === undefined && options.env === undefined
    ? {}
    : { env: { ...bound.env, ...options.env } };
}

function isTemplate(value: TemplateStringsArray | object): value is TemplateStringsArray {
  return Array.isArray(value) && "raw" in value;
}

/** Options bound one after the other. The last value of an option wins. */
export type Merged<First, Second> = Omit<First, keyof Second> & Second;
