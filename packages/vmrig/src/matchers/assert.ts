import type { Clock } from "../clock/clock.ts";
import { checkOptions, type OptionNames } from "../errors/check-options.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { toMilliseconds, type Duration } from "../machine/duration-option.ts";
import { mayPass } from "../machine/waits/tolerant.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import type { Equals, Check } from "./check.ts";
import type { Matcher } from "./matcher.ts";
import { MATCHERS, type MatcherName } from "./matchers.ts";
import { nameOf, toSubject, type Subject } from "./subject.ts";

/** The last argument of every matcher. */
export interface RetryOptions {
  /** Time within which the assertion must pass. @defaultValue 5 s */
  readonly timeout?: Duration | undefined;
  /** Pause between two checks. @defaultValue 100 ms */
  readonly interval?: Duration | undefined;
}

const RETRY_OPTIONS: OptionNames<RetryOptions> = { timeout: true, interval: true };

/** Data of one assertion from the test runner. */
export interface AssertionContext {
  readonly isNot: boolean;
  readonly equals: Equals;
  /** Aborts the assertion, for example at the end of the test. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

/** Result of a custom matcher, as Jest and Vitest expect it. */
export interface AssertionResult {
  readonly pass: boolean;
  message(): string;
  readonly actual?: unknown;
  readonly expected?: unknown;
}

/** An assertion with validated arguments, before its first check. */
export interface Assertion {
  /** The assertion in short, similar to the test's code: `expect(pc1:/etc/hosts).not.toExist()`. */
  readonly title: string;
  /**
   * Checks repeatedly until the assertion passes (with `.not`, until it does not).
   *
   * @throws VmrigError if the machine cannot be checked; the signal's reason
   */
  readonly check: () => Promise<AssertionResult>;
  /** Returns the observation of the last check, in words. */
  readonly seen: () => string;
}

/** Validates the arguments of a matcher. @throws VmrigError `MATCHER_MISUSED` */
export function toAssertion(
  name: MatcherName,
  value: unknown,
  args: readonly unknown[],
  context: AssertionContext,
): Assertion {
  const matcher: Matcher = MATCHERS[name];
  const subject = toSubject(name, matcher.about, value);
  const [expected, options] = matcher.takes === "nothing" ? [undefined, args[0]] : args;
  if (matcher.takes !== "nothing" && expected === undefined) {
    throw new VmrigError("MATCHER_MISUSED", {
      message: `${name} needs an expected value for ${nameOf(subject)}.`,
    });
  }
  const on = subject.kind === "command" ? "" : ` of ${subject.of.machine}`;
  const retry = toRetry(`${name}()${on}`, options);
  let last: Check | undefined;
  const note = (result: Check): void => void (last = result);
  return {
    title: `expect(${nameOf(subject)})${context.isNot ? ".not" : ""}.${name}(${matcher.takes === "nothing" ? "" : "…"})`,
    check: () => check(matcher, subject, expected, { ...context, ...retry, note }),
    seen: () => seenBy(last),
  };
}

interface Retry {
  readonly timeoutMs: number;
  readonly intervalMs: number;
}

interface CheckContext extends AssertionContext, Retry {
  readonly note: (result: Check) => void;
}

function toRetry(of: string, options: unknown): Retry {
  checkOptions(of, options, RETRY_OPTIONS, "MATCHER_MISUSED");
  const { timeout = 5_000, interval = 100 } = (options ?? {}) as RetryOptions;
  return { timeoutMs: toMilliseconds(timeout), intervalMs: toMilliseconds(interval) };
}

async function check(
  matcher: Matcher,
  subject: Subject,
  expected: unknown,
  context: CheckContext,
): Promise<AssertionResult> {
  const { isNot, equals, signal, clock, timeoutMs, intervalMs, note } = context;
  const retries = subject.kind !== "result";
  let last: Check | undefined;
  const verdict = (pass: boolean, waited?: VmrigError): AssertionResult => ({
    pass,
    message: () =>
      inWords(matcher, subject, expected, { isNot, last, waited: retries ? waited : undefined }),
    ...(last !== undefined && "pass" in last && "actual" in last
      ? { actual: last.actual, expected: last.expected }
      : {}),
  });

  try {
    return await waitFor<AssertionResult>({
      what: "it",
      timeoutMs: retries ? timeoutMs : 0,
      intervalMs,
      ...(signal === undefined ? {} : { signal }),
      ...(clock === undefined ? {} : { clock }),
      probe: async (enough): Promise<Observation<AssertionResult>> => {
        const result = await matcher
          .look(subject, expected, { equals, signal: enough })
          .catch(toUnknown);
        // A check that the deadline interrupted knows less than the previous one.
        if (last === undefined || "pass" in result || !enough.aborted) note((last = result));
        if ("unknown" in result) return { seen: result.unknown };
        return result.pass === isNot ? { seen: result.seen } : { value: verdict(result.pass) };
      },
    });
  } catch (error) {
    if (!isVmrigError(error) || error.code !== "WAIT_TIMEOUT") throw error;
    return verdict(isNot, error);
  }
}

function toUnknown(error: unknown): Check {
  if (!mayPass(error) && !(isVmrigError(error) && error.code === "FILE_FAILED")) throw error;
  return { unknown: error.summary.replace(/\.$/, "") };
}

interface Outcome {
  readonly isNot: boolean;
  readonly last: Check | undefined;
  /** Undefined after a single check. */
  readonly waited: VmrigError | undefined;
}

/**
 * Formats the failure: the expectation and its subject, then on a separate line the duration and
 * the last observation.
 */
function inWords(
  matcher: Matcher,
  subject: Subject,
  expected: unknown,
  { isNot, last, waited }: Outcome,
): string {
  const name =
    last !== undefined && "pass" in last && last.name !== undefined ? last.name : nameOf(subject);
  const how =
    waited === undefined
      ? "seen"
      : `${/^Waited [\d.]+ s/.exec(waited.summary)?.[0].replace("Waited", "looked for") ?? ""}; last seen`;
  return `expected ${name} ${isNot ? "not " : ""}${matcher.words(expected)}\n  ${how}: ${seenBy(last)}`;
}

function seenBy(last: Check | undefined): string {
  if (last === undefined) return "nothing: the first check did not finish";
  return "pass" in last ? last.seen : last.unknown;
}
