/** Result of one check of a matcher. */
export type Check =
  | {
      readonly pass: boolean;
      /** The observation in words: `it is not there`. */
      readonly seen: string;
      /** Compared values, for the runner's diff. */
      readonly actual?: unknown;
      readonly expected?: unknown;
      /** A better name for the subject that only the check knows: that of the command. */
      readonly name?: string;
    }
  /** The check was inconclusive: neither the assertion nor its opposite passes. */
  | { readonly unknown: string };

/** The runner's equality function, which supports its asymmetric matchers. */
export type Equals = (actual: unknown, expected: unknown) => boolean;

/**
 * An expected text: an exact string, a pattern, or an asymmetric matcher of the runner.
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

/** Compares a text and reports it. */
export function checkText(actual: string, expected: ExpectedText, equals: Equals): Check {
  const pass =
    expected instanceof RegExp ? new RegExp(expected).test(actual) : equals(actual, expected);
  return checkValue(pass, quoted(actual), { actual, expected });
}

/** Quotes a text, shortened to fit a line; a diff shows the rest. */
export function quoted(text: string): string {
  return text.length > 200
    ? `${JSON.stringify(text.slice(0, 200))} and ${text.length - 200} more characters`
    : JSON.stringify(text);
}

/** Formats an expected value for a message. */
export function shown(expected: unknown): string {
  if (typeof expected === "string") return quoted(expected);
  if (typeof expected !== "object" || expected === null || expected instanceof RegExp)
    return String(expected);
  return isAsymmetric(expected) ? asymmetricInWords(expected) : JSON.stringify(expected);
}

interface PrintableAsymmetricMatcher extends AsymmetricMatcher {
  readonly sample?: unknown;
  toAsymmetricMatcher?(): string;
}

function isAsymmetric(value: object): value is PrintableAsymmetricMatcher {
  return "asymmetricMatch" in value;
}

/** Formats an asymmetric matcher as the runners do: `StringContaining "x"`. */
function asymmetricInWords(matcher: PrintableAsymmetricMatcher): string {
  if (matcher.toAsymmetricMatcher !== undefined) return matcher.toAsymmetricMatcher();
  const sample =
    matcher.sample instanceof RegExp ? String(matcher.sample) : JSON.stringify(matcher.sample);
  return `${matcher.toString()}${sample === undefined ? "" : ` ${sample}`}`;
}
