import type { Clock } from "../clock/clock.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { toMilliseconds, type Duration } from "../machine/duration-option.ts";
import { mayPass } from "../machine/waits/wait-options.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import type { Equals, Check } from "./check.ts";
import type { Matcher } from "./matcher.ts";
import { MATCHERS, type MatcherName } from "./matchers.ts";
import { nameOf, toSubject, type Subject } from "./subject.ts";

/** The last argument of every matcher. */
export interface RetryOptions {
  /** How long it may take until it holds. @defaultValue 5 s */
  readonly timeout?: Duration | undefined;
  /** Pause between two looks. @defaultValue 100 ms */
  readonly interval?: Duration | undefined;
}

/** What the test runner knows of one assertion. */
export interface AssertionContext {
  readonly isNot: boolean;
  readonly equals: Equals;
  /** Ends it, as the end of the test does. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

/** As a custom matcher answers to Jest and Vitest. */
export interface AssertionResult {
  readonly pass: boolean;
  message(): string;
  readonly actual?: unknown;
  readonly expected?: unknown;
}

/** An assertion whose arguments are in order. Nothing has been looked at yet. */
export interface Assertion {
  /** As it stands in the test, more or less: `expect(pc1:/etc/hosts).not.toExist()`. */
  readonly title: string;
  /**
   * Looks until it holds, or, behind `.not`, until it does not.
   *
   * @throws VmrigError where the machine cannot tell, and the signal's reason
   */
  readonly check: () => Promise<AssertionResult>;
  /** What the last look saw, in words. */
  readonly seen: () => string;
}

/** @throws VmrigError `MATCHER_MISUSED` */
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
      message: `${name} was not told what is expected of ${nameOf(subject)}.`,
    });
  }
  const retry = toRetry(name, options);
  let last: Check | undefined;
  const note = (look: Check): void => void (last = look);
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
  readonly note: (look: Check) => void;
}

function toRetry(name: string, options: unknown): Retry {
  if (options !== undefined && (typeof options !== "object" || options === null)) {
    throw new VmrigError("MATCHER_MISUSED", {
      message: `The last argument of ${name} are its options, and cannot be ${JSON.stringify(options) ?? typeof options}.`,
      hint: `write { timeout: "10s" }`,
    });
  }
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
        const look = await matcher
          .look(subject, expected, { equals, signal: enough })
          .catch(toUnknown);
        // One that the deadline cut short knows less than the one before it.
        if (last === undefined || "pass" in look || !enough.aborted) note((last = look));
        if ("unknown" in look) return { seen: look.unknown };
        return look.pass === isNot ? { seen: look.seen } : { value: verdict(look.pass) };
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
  /** Missing where it was looked at only once. */
  readonly waited: VmrigError | undefined;
}

/**
 * What it says is what was expected of which object, and, on a line of its own, how long it was
 * looked at and what was there.
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
  if (last === undefined) return "nothing yet: the first look did not end";
  return "pass" in last ? last.seen : last.unknown;
}
