import type { Equals, Check } from "./check.ts";
import { shown } from "./check.ts";
import type { Subject, SubjectKind } from "./subject.ts";

export interface CheckContext {
  readonly equals: Equals;
  /** Aborts when nobody waits for the look any more. */
  readonly signal: AbortSignal;
}

/** One matcher, as the table has it. */
export interface Matcher {
  /** Kinds of subjects that it is about, the most usual first. */
  readonly about: readonly SubjectKind[];
  /** What follows "expected … " and "not ": `to exist`, `to have mode 0600`. */
  words(expected: unknown): string;
  /** Whether it needs an expected value; the options come after it. */
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

/** A matcher without an expected value. */
export function matcher<Kind extends SubjectKind>(
  definition: Definition<Kind, undefined>,
): Matcher {
  return {
    about: definition.about,
    takes: "nothing",
    words: () => definition.words,
    // The subject was made for these kinds.
    look: (subject, _expected, context) =>
      definition.look(subject as Extract<Subject, { readonly kind: Kind }>, undefined, context),
  };
}

/** A matcher with one. */
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
