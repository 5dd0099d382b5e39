/** One look of a matcher at its subject. */
export type Check =
  | {
      readonly pass: boolean;
      /** What there was instead, in words: `it is not there`. */
      readonly seen: string;
      /** For the runner's diff, where values were compared. */
      readonly actual?: unknown;
      readonly expected?: unknown;
      /** A better name for the subject, known only now: a command's own. */
      readonly name?: string;
    }
  /** It could not be told: neither the assertion nor its opposite holds. */
  | { readonly unknown: string };

/** The runner's own equality, which knows its asymmetric matchers. */
export type Equals = (actual: unknown, expected: unknown) => boolean;

/**
 * A text that is expected: exactly this one, one that matches, or whatever an asymmetric matcher of
 * the runner says.
 */
export type ExpectedText = string | RegExp | AsymmetricMatcher;

/** `expect.stringContaining("x")` and the like, of Vitest and of Jest. */
export interface AsymmetricMatcher {
  asymmetricMatch(other: unknown): boolean;
  toString(): string;
}

export function checkValue(
  pass: boolean,
  seen: string,
  compared?: { readonly actual: unknown; readonly expected: unknown },
): Check {
  return { pass, seen, ...compared };
}

/** Compares a text, and says what it was. */
export function checkText(actual: string, expected: ExpectedText, equals: Equals): Check {
  const pass =
    expected instanceof RegExp ? new RegExp(expected).test(actual) : equals(actual, expected);
  return checkValue(pass, quoted(actual), { actual, expected });
}

/** Short enough for a line; a diff shows the rest. */
export function quoted(text: string): string {
  return text.length > 200
    ? `${JSON.stringify(text.slice(0, 200))} and ${text.length - 200} more characters`
    : JSON.stringify(text);
}

/** An expected value as a message shows it. */
export function shown(expected: unknown): string {
  if (typeof expected === "string") return quoted(expected);
  if (typeof expected !== "object" || expected === null || expected instanceof RegExp)
    return String(expected);
  return isAsymmetric(expected) ? asymmetricInWords(expected) : JSON.stringify(expected);
}

interface ToldAsymmetric extends AsymmetricMatcher {
  readonly sample?: unknown;
  toAsymmetricMatcher?(): string;
}

function isAsymmetric(value: object): value is ToldAsymmetric {
  return "asymmetricMatch" in value;
}

/** `StringContaining "x"`, as the runners print it. */
function asymmetricInWords(matcher: ToldAsymmetric): string {
  if (matcher.toAsymmetricMatcher !== undefined) return matcher.toAsymmetricMatcher();
  const sample =
    matcher.sample instanceof RegExp ? String(matcher.sample) : JSON.stringify(matcher.sample);
  return `${matcher.toString()}${sample === undefined ? "" : ` ${sample}`}`;
}
