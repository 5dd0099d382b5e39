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
  if (!isOptions(options)) {
    throw new VmrigError(code, {
      message: `The options of ${of} must be an object, not ${kindOf(options)}.`,
      hint: `write { ${Object.keys(known)[0] ?? ""}: … }`,
    });
  }
  const unknown: string[] = [];
  // Also inherited ones: they would have an effect, too.
  for (const key in options) if (!Object.hasOwn(known, key)) unknown.push(key);
  const [first] = unknown;
  if (first === undefined) return;
  const names = Object.keys(known);
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

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "object") return `a ${typeof value}`;
  return `an instance of ${value.constructor?.name ?? "a class"}`;
}
