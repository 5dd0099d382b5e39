import { z } from "zod";
import { NAME_FORM } from "../driver/machine-folders.ts";
import { probableName } from "../errors/closest-name.ts";

/** Returns a schema for text of one form, with one message for all other values. */
export function text(form: RegExp, expected: string): z.ZodString {
  return z.string(`expected ${expected}`).regex(form, `expected ${expected}`);
}

/** Returns a schema for an object. Its error for an unknown key lists the known keys. */
export function fields<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `unknown ${issue.keys.length === 1 ? "setting" : "settings"} ${quoted(issue.keys)}${suggestion(issue.keys, Object.keys(shape))}; available: ${Object.keys(shape).join(", ")}`
        : undefined,
  });
}

function suggestion([key = ""]: readonly string[], known: readonly string[]): string {
  const meant = probableName(key, known);
  return meant === undefined ? "" : ` (did you mean "${meant}"?)`;
}

function quoted(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(", ");
}

/** A name of a rig or a machine: a DNS label. */
export const name = text(
  NAME_FORM,
  'a lower-case name such as "pcs": letters, digits and "-", at most 32, starting with a letter',
);
