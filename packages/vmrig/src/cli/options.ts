import type { OptionSpec, OptionSpecs } from "./verb.ts";

/**
 * Returns the option `--copy NAME`.
 *
 * @param help Effect of NAME for this verb, and the default.
 */
export function copyOption(
  help: string,
): OptionSpec & { readonly type: "string"; readonly multiple?: never } {
  return { type: "string", value: "NAME", help };
}

/** Options of the verbs that log in to a machine. */
export const LOGIN_OPTIONS = {
  copy: copyOption(
    "the copy with this name; default: a copy retained for you, otherwise any free copy",
  ),
  fresh: {
    type: "boolean",
    help: "ignores copies retained for you, and waits for a copy at its baseline",
  },
} as const satisfies OptionSpecs;
