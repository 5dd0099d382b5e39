import type { Equals, Check } from "./check.ts";
import { shown } from "./check.ts";
import type { Subject, SubjectKind } from "./subject.ts";

export interface CheckContext {
  readonly equals: Equals;
  /** Aborts when the result of the check is no longer needed. */
  readonly signal: AbortSignal;
}

/** One matcher of the table. */
export interface Matcher {
  /** Supported kinds of subjects, the most common first. */
  readonly about: readonly SubjectKind[];
  /** Returns the words after "expected … " and "not ": `to exist`, `to have mode 0600`. */
  words(expected: unknown): string;
  /** Whether the matcher needs an expected value, which precedes the options. */
  readonly takes: "nothing" | "a value";
  look(subject: Subject, expected: unknown, context: CheckContext): Promise<Check>;
}

interface Definition<Kind extends SubjectKind, Expected> {
  readonly about: readonly Kind[];
  readonly words: string;
  /** @defaultValue {@link shown} */
  readonly show?: (expected: Expected) => string;
  look(
    subject: Extract<Subject, { readonly kind: Kind }>,
    expected: Expected,
    context: CheckContext,
  ): Promise<Check>;
}

/** Defines a matcher without an expected value. */
export function matcher<Kind extends SubjectKind>(
  definition: Definition<Kind, undefined>,
): Matcher {
  return {
    about: definition.about,
    takes: "nothing",
    words: () => definition.words,
    // `toSubject` has checked the kind.
    look: (subject, _expected, context) =>
      definition.look(subject as Extract<Subject, { readonly kind: Kind }>, undefined, context),
  };
}

/** Defines a matcher with an expected value. */
export function matcherOf<Expected>() {
  return <Kind extends SubjectKind>(definition: Definition<Kind, Expected>): Matcher => ({
    about: definition.about,
    takes: "a value",
    words: (expected) => `${definition.words} ${(definition.show ?? shown)(expected as Expected)}`,
    look: (subject, expected, context) =>
      definition.look(
        subject as Extract<Subject, { readonly kind: Kind }>,
        expected as Expected,
        context,
      ),
  });
}
