import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { outcome as inWords } from "../command/error.ts";
import { toError, type Outcome } from "../command/outcome.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { toWatch } from "../waits/wait-options.ts";
import type { ScreenWaitOptions } from "./options.ts";
import type { Screen } from "./screen.ts";

/** Condition on the screen: words in its text, a pattern that its text matches, or a predicate. */
export type ExpectedScreen = string | RegExp | ((screen: Screen) => boolean);

/** Access to a shell for its waits. */
export interface ScreenView {
  readonly context: ExecutionContext;
  /** `login shell` */
  readonly title: string;
  /** Resolves when the program has ended and all of its output has arrived. */
  readonly over: Promise<Outcome>;
  look(): Promise<Screen>;
}

/** Pause between two checks. A check costs no round trip. */
const INTERVAL_MS = 20;
const NOT_YET: unique symbol = Symbol("not yet");

export async function waitForScreen(
  view: ScreenView,
  expected: ExpectedScreen,
  options: ScreenWaitOptions,
): Promise<Screen> {
  const what = `${typeof expected === "string" ? JSON.stringify(expected) : typeof expected === "function" ? "the expected state" : String(expected)} on the screen of the ${view.title}`;
  return await waitAt(view, what, options, async () => {
    // The outcome first: an ended program writes nothing after this check.
    const outcome = await settledOf(view.over);
    const screen = await view.look();
    if (isThere(screen, expected)) return screen;
    if (outcome === NOT_YET) return NOT_YET;
    if (outcome.taken) throw toError(outcome);
    throw new VmrigError("WAIT_FAILED", {
      message: `${what} on ${view.context.name} will not appear: it ${inWords(outcome.result)}`,
      details: screen.framed.split("\n"),
    });
  });
}

export async function waitForExit(view: ScreenView, options: ScreenWaitOptions): Promise<Outcome> {
  const outcome = await waitAt(view, `the ${view.title} to end`, options, () =>
    settledOf(view.over),
  );
  if (outcome.taken) throw toError(outcome);
  return outcome;
}

export function isThere(screen: Screen, expected: ExpectedScreen): boolean {
  if (typeof expected === "function") return expected(screen);
  return typeof expected === "string"
    ? screen.text.includes(expected)
    : new RegExp(expected).test(screen.text);
}

async function waitAt<T>(
  view: ScreenView,
  what: string,
  options: ScreenWaitOptions,
  look: () => Promise<T | typeof NOT_YET>,
): Promise<T> {
  const { context } = view;
  try {
    return await waitFor<T>({
      ...toWatch({ context, clock: context.clock }, { ...options, interval: INTERVAL_MS }),
      what,
      probe: async () => {
        const value = await look();
        return value === NOT_YET ? { seen: "this" } : { value };
      },
    });
  } catch (error) {
    if (!isVmrigError(error) || error.code !== "WAIT_TIMEOUT") throw error;
    throw new VmrigError("WAIT_TIMEOUT", {
      message: error.summary.replace(/\.$/, ":"),
      details: (await view.look()).framed.split("\n"),
      cause: error.cause,
    });
  }
}

/** Returns the value of the promise if it is already settled. */
function settledOf<T>(promise: Promise<T>): Promise<T | typeof NOT_YET> {
  return Promise.race([promise, Promise.resolve<typeof NOT_YET>(NOT_YET)]);
}
