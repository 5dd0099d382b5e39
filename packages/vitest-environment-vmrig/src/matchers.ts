import type { MatcherState, RunnerTestCase } from "vitest";
import { isVmrigError, VmrigError } from "vmrig";
import {
  MATCHERS,
  toAssertion,
  type Assertion,
  type MachineMatchers,
  type MatcherName,
} from "vmrig/worker";
import { lazyPromise } from "./lazy-promise.ts";

declare module "vitest" {
  // Vitest 4.1 has `T` alone. With defaults the two merge, and both read the subject's type from
  // `T`.
  interface Matchers<
    R extends void | Promise<void> = void | Promise<void>,
    T = unknown,
  > extends MachineMatchers<T> {}
}

/** Vitest tells it of which test an assertion is, and types it not. */
type State = MatcherState & { readonly task?: RunnerTestCase };

type Verdict = Awaited<ReturnType<Assertion["check"]>>;

/**
 * For `expect.extend`: each looks at its machine when it is awaited, and fails the test when it is
 * not.
 */
export const matchers = Object.fromEntries(
  Object.keys(MATCHERS).map((key) => {
    const name = key as MatcherName;
    function matcher(
      this: State,
      received: unknown,
      ...args: readonly unknown[]
    ): Promise<Verdict> {
      const { task, isNot, equals, soft } = this;
      const place: { stack?: string } = {};
      Error.captureStackTrace(place, matcher);
      // Vitest makes another one for each attempt.
      const signal = task?.context.signal;
      const assertion = prepare(
        name,
        received,
        args,
        {
          // It is undefined where there is no `.not`.
          isNot: (isNot as boolean | undefined) === true,
          equals: (actual, expected) => equals(actual, expected),
          // Vitest makes another one for each attempt.
          signal: task?.context.signal,
        },
        (error) => at(place, error),
      );

      let state: "unasked" | "looking" | "told" = "unasked";
      task?.context.onTestFinished(() => {
        if (state === "unasked") throw at(place, notAwaited(assertion));
        // Vitest says that the time is over, not what for. Of lost machines all is said.
        if (state === "looking" && !isVmrigError(signal?.reason))
          throw at(place, cutShort(assertion));
      });
      return lazyPromise({
        // Vitest itself attaches its judgement, and for `expect.soft` something that keeps the
        // error.
        layers: soft === true ? 2 : 1,
        async begin() {
          state = "looking";
          try {
            return await assertion.check();
          } finally {
            if (signal?.aborted !== true) state = "told";
          }
        },
        fail: (error) => at(place, error),
        // An asymmetric matcher is asked for this at once.
        pass() {
          throw at(place, insideAnother(name));
        },
      });
    }
    return [name, matcher];
  }),
);

/** As `toAssertion`, with its errors from the line of the test. */
function prepare(
  ...[name, received, args, context, fail]: [
    ...Parameters<typeof toAssertion>,
    fail: (error: unknown) => unknown,
  ]
): Assertion {
  try {
    return toAssertion(name, received, args, context);
  } catch (error) {
    throw fail(error);
  }
}

function insideAnother(name: string): VmrigError {
  return new VmrigError("MATCHER_MISUSED", {
    message: `${name} asks a machine, and cannot stand inside of another matcher.`,
    hint: `write: await expect(…).${name}(…)`,
  });
}

function notAwaited({ title }: Assertion): VmrigError {
  return new VmrigError("MATCHER_MISUSED", {
    message: `${title} was not awaited: it has looked at nothing.`,
    hint: "write await in front of it",
  });
}

function cutShort({ title, seen }: Assertion): VmrigError {
  return new VmrigError("WAIT_TIMEOUT", {
    message: `The test ended while ${title} was looking; last seen: ${seen()}.`,
  });
}

/** The error, as from the line of the test: what is awaited has forgotten by whom. */
function at<E>(place: { readonly stack?: string }, error: E): E {
  if (!(error instanceof Error) || place.stack === undefined) return error;
  const frames = place.stack.slice(place.stack.indexOf("\n    at "));
  Object.defineProperty(error, "stack", {
    value: `${error.name}: ${error.message}${frames}`,
    configurable: true,
    writable: true,
  });
  return error;
}
