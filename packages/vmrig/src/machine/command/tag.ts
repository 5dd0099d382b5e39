import type { CommandOptions, CommandPromise, Merged, OutputOf } from "./command.ts";
import { toLine, type TemplateValue } from "./template.ts";

/**
 * A template literal tag that runs the line, or, called with options, the same tag with those
 * bound: `` pc1.$({ reject: false })`cmd` ``.
 */
export interface CommandTag<Bound = object> {
  (
    strings: TemplateStringsArray,
    ...values: readonly TemplateValue[]
  ): CommandPromise<OutputOf<Bound>>;
  <const Options extends CommandOptions>(options: Options): CommandTag<Merged<Bound, Options>>;
}

/** The same, of something that is not a command. */
export interface Tag<Options, Outcome> {
  (strings: TemplateStringsArray, ...values: readonly TemplateValue[]): Outcome;
  (options: Options): Tag<Options, Outcome>;
}

/** The line is made when it is asked for: a mistake in the template is one of whatever runs it. */
export function createTag<Options extends Pick<CommandOptions, "env">, Outcome>(
  execute: (line: () => string, options: Partial<Options>) => Outcome,
): Tag<Options, Outcome> {
  const bind = (bound: Partial<Options>): Tag<Options, Outcome> => {
    function tag(strings: TemplateStringsArray, ...values: readonly TemplateValue[]): Outcome;
    function tag(options: Options): Tag<Options, Outcome>;
    function tag(
      first: TemplateStringsArray | Options,
      ...values: readonly TemplateValue[]
    ): Outcome | Tag<Options, Outcome> {
      if (!isTemplate(first)) return bind({ ...bound, ...first, ...mergedEnv(bound, first) });
      return execute(() => toLine(first, values), bound);
    }
    return tag;
  };
  return bind({});
}

/** As in execa: of all options, `env` is the one that adds up. */
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
