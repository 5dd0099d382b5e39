import { describe, expect, test } from "vitest";
import { toAssertion, type AssertionContext, type AssertionResult } from "./assert.ts";
import type { AsymmetricMatcher } from "./check.ts";
import type { Matcher } from "./matcher.ts";
import { MATCHERS, type MatcherName } from "./matchers.ts";

export interface CheckCase {
  readonly subject: () => unknown;
  readonly args?: readonly unknown[];
  readonly passes: boolean;
  /**
   * The whole message of the failed matcher, or of the passed matcher under `.not`. `T` stands for
   * the time.
   */
  readonly message: RegExp;
}

const equals = (actual: unknown, expected: unknown): boolean =>
  typeof expected === "object" && expected !== null && "asymmetricMatch" in expected
    ? (expected as AsymmetricMatcher).asymmetricMatch(actual)
    : Object.is(actual, expected);

const QUICK = { timeout: 300, interval: 20 } as const;

function check(
  name: MatcherName,
  subject: unknown,
  args: readonly unknown[],
  more: Partial<AssertionContext> = {},
): Promise<AssertionResult> {
  const expected = MATCHERS[name].takes === "nothing" ? [] : args.slice(0, 1);
  return toAssertion(name, subject, [...expected, QUICK], {
    isNot: false,
    equals,
    ...more,
  }).check();
}

/** Declares the tests of a table of matchers, with cases for each of them. */
export function testChecks<Name extends MatcherName>(
  matchers: Readonly<Record<Name, Matcher>>,
  cases: Readonly<Record<NoInfer<Name>, readonly CheckCase[]>>,
): void {
  test("each matcher has cases", () => {
    expect(Object.keys(cases).toSorted()).toEqual(Object.keys(matchers).toSorted());
  });

  for (const name of Object.keys(matchers) as Name[]) {
    describe(name, () => {
      test.each(cases[name])("passes is $passes, and the message matches $message", async (one) => {
        const { subject, args = [], passes, message } = one;
        const value = await subject();
        const [straight, negated] = await Promise.all([
          check(name, value, args),
          check(name, value, args, { isNot: true }),
        ]);
        // Like a runner: under `.not`, a passing verdict is a failure.
        expect([straight.pass, negated.pass]).toEqual([passes, passes]);
        const failed = passes ? negated : straight;
        expect(failed.message().replace(/\d+\.\d s/, "T s")).toMatch(message);
      });
    });
  }
}
