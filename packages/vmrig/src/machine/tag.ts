import { toLine, type TemplateValue } from "./template.ts";
import type { CommandOptions, CommandPromise } from "./command.ts";

/** A template literal tag that runs the line, or, called with options, the same tag with those bound: `` pc1.$({ reject: false })`cmd` ``. */
export interface Tag<Options> {
  (strings: TemplateStringsArray, ...values: readonly TemplateValue[]): CommandPromise;
  (options: Options): Tag<Options>;
}

export function createTag<Options extends CommandOptions>(
  execute: (line: string, options: Partial<Options>) => CommandPromise,
): Tag<Options> {
  const bind = (bound: Partial<Options>): Tag<Options> => {
    function tag(strings: TemplateStringsArray, ...values: readonly TemplateValue[]): CommandPromise;
    function tag(options: Options): Tag<Options>;
    function tag(first: TemplateStringsArray | Options, ...values: readonly TemplateValue[]): CommandPromise | Tag<Options> {
      if (!isTemplate(first)) return bind({ ...bound, ...first, ...mergedEnv(bound, first) });
      return begin(() => execute(toLine(first, values), bound));
    }
    return tag;
  };
  return bind({});
}

/** As in execa: of all options, `env` is the one that adds up. */
function mergedEnv(bound: CommandOptions, options: CommandOptions): CommandOptions {
  return bound.env === undefined && options.env === undefined ? {} : { env: { ...bound.env, ...options.env } };
}

function isTemplate(value: TemplateStringsArray | object): value is TemplateStringsArray {
  return Array.isArray(value) && "raw" in value;
}

/** A mistake in the template rejects, as a failure of the command does. */
async function begin(execute: () => CommandPromise): CommandPromise {
  return execute();
}
