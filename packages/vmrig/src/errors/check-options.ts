import { availableNames, probableName } from "./closest-name.ts";
import type { ErrorCode } from "./codes.ts";
import { VmrigError } from "./vmrig-error.ts";

/**
 * The names of all options of a function. The compiler requires each key of the interface and
 * accepts no other, so that the two cannot differ.
 */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Checks the options of a public function. The compiler does this too, but not for JavaScript, and
 * not for an object that is spread or built elsewhere: a misspelled option would have no effect.
 *
 * @param of the function, with its machine: `pc1.upload()`
 * @throws VmrigError for an unknown option, and for anything else than an object of options
 */
export function checkOptions(
  of: string,
  options: unknown,
  known: Readonly<Record<string, true>>,
  code: ErrorCode = "COMMAND_INVALID",
): void {
  if (options === undefined) return;
  refuse(of, unknownOptions(of, options, known, code), Object.keys(known), code);
}

/**
 * Checks options that may come from another library, such as one that is given `pc1.fetch` and
 * passes its own options on. Refuses only what is probably a misspelled name.
 *
 * @throws VmrigError `COMMAND_INVALID` for anything else than an object of options, too
 */
export function checkSpelling(
  of: string,
  options: unknown,
  known: Readonly<Record<string, true>>,
): void {
  const names = Object.keys(known);
  const unknown = unknownOptions(of, options, known, "COMMAND_INVALID");
  const misspelled = unknown.filter((key) => probableName(key, names) !== undefined);
  refuse(of, misspelled, names, "COMMAND_INVALID");
}

function unknownOptions(
  of: string,
  options: unknown,
  known: Readonly<Record<string, true>>,
  code: ErrorCode,
): readonly string[] {
  if (!isOptions(options)) {
    throw new VmrigError(code, {
      message: `The options of ${of} must be an object, not ${kindOf(options)}.`,
      hint: `write { ${Object.keys(known)[0] ?? ""}: … }`,
    });
  }
  const unknown: string[] = [];
  // Also inherited ones: they would have an effect, too.
  for (const key in options) if (!Object.hasOwn(known, key)) unknown.push(key);
  return unknown;
}

function refuse(
  of: string,
  unknown: readonly string[],
  names: readonly string[],
  code: ErrorCode,
): void {
  const [first] = unknown;
  if (first === undefined) return;
  const meant = probableName(first, names);
  throw new VmrigError(code, {
    message: `${of} has no ${unknown.length === 1 ? "option" : "options"} ${unknown.map((key) => JSON.stringify(key)).join(", ")}.`,
    details: [availableNames(first, names)],
    ...(meant === undefined ? {} : { hint: `did you mean ${JSON.stringify(meant)}?` }),
  });
}

/** A signal, a URL, a pattern or a list is no object of options, although it has no unknown keys. */
function isOptions(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** Describes what a value is, as the end of a sentence: `null`, `a list`, `an object`. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = value.constructor?.name ?? "Object";
  return name === "Object" ? "an object" : `an instance of ${name}`;
}
