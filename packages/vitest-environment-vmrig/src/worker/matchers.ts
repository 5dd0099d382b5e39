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
  // Vitest 4.1 has only the parameter `T`. With defaults the two declarations merge, and both read
  // the subject's type from `T`.
  interface Matchers<
    R extends void | Promise<void> = void | Promise<void>,
    T = unknown,
  > extends MachineMatchers<T> {}
}

/** Vitest passes the test of an assertion in `task`, but does not declare the property. */
type State = MatcherState & { readonly task?: RunnerTestCase };

type Verdict = Awaited<ReturnType<Assertion["check"]>>;

/**
 * Matchers for `expect.extend`. A matcher queries its machine when the assertion is awaited, and
 * fails the test when the assertion is not awaited.
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
      // Vitest creates a new signal for each attempt.
      const signal = task?.context.signal;
      const assertion = prepare(
        name,
        received,
        args,
        {
          // Vitest leaves `isNot` undefined without `.not`.
          isNot: (isNot as boolean | undefined) === true,
          equals: (actual, expected) => equals(actual, expected),
          signal: task?.context.signal,
        },
        (error) => at(place, error),
      );

      let state: "not started" | "checking" | "done" = "not started";
      task?.context.onTestFinished(() => {
        if (state === "not started") throw at(place, notAwaited(assertion));
        // Vitest reports that the time is over, but not what the test waited for. A lost lease
        // already has its complete error.
        if (state === "checking" && !isVmrigError(signal?.reason))
          throw at(place, cutShort(assertion));
      });
      return lazyPromise({
        // Vitest itself attaches the evaluation of the result, and for `expect.soft` a second
        // handler that records the error.
        layers: soft === true ? 2 : 1,
        async begin() {
          state = "checking";
          try {
            return await assertion.check();
          } finally {
            if (signal?.aborted !== true) state = "done";
          }
        },
        fail: (error) => at(place, error),
        // An asymmetric matcher reads this property immediately.
        pass() {
          throw at(place, insideAnother(name));
        },
      });
    }
    return [name, matcher];
  }),
);

/** Calls `toAssertion`, and maps its errors to the line of the test. */
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
    message: `${name} queries a machine and cannot be used inside another matcher.`,
    hint: `write: await expect(…).${name}(…)`,
  });
}

function notAwaited({ title }: Assertion): VmrigError {
  return new VmrigError("MATCHER_MISUSED", {
    message: `${title} was not awaited, so it has checked nothing.`,
    hint: "write await in front of the assertion",
  });
}

function cutShort({ title, seen }: Assertion): VmrigError {
  return new VmrigError("WAIT_TIMEOUT", {
    message: `The test ended while ${title} was waiting; last seen: ${seen()}.`,
  });
}

/**
 * Returns the error with the stack of the test's line. A stack that is captured after an `await`
 * does not contain the caller.
 */
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
