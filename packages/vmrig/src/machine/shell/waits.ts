import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { outcome as inWords } from "../command/error.ts";
import { toError, type Outcome } from "../command/outcome.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { toWatch } from "../waits/wait-options.ts";
import type { ScreenWaitOptions } from "./options.ts";
import type { Screen } from "./screen.ts";

/**
 * Words that are to be seen, an expression that the screen's text matches, or any other question
 * about it.
 */
export type ExpectedScreen = string | RegExp | ((screen: Screen) => boolean);

/** What is waited for at a shell. */
export interface Sight {
  readonly context: ExecutionContext;
  /** `login shell` */
  readonly title: string;
  /** When the program has ended, and all that it wrote has come. */
  readonly over: Promise<Outcome>;
  look(): Promise<Screen>;
}

/** Nothing is asked for a look: it costs no round trip. */
const INTERVAL_MS = 20;
const NOT_YET: unique symbol = Symbol("not yet");

export async function waitForScreen(
  sight: Sight,
  expected: ExpectedScreen,
  options: ScreenWaitOptions,
): Promise<Screen> {
  const what = `${typeof expected === "string" ? JSON.stringify(expected) : typeof expected === "function" ? "what the function wants" : String(expected)} on the screen of the ${sight.title}`;
  return await waitAt(sight, what, options, async () => {
    // In this order: what has ended has written nothing after this look.
    const outcome = await settledOf(sight.over);
    const screen = await sight.look();
    if (isThere(screen, expected)) return screen;
    if (outcome === NOT_YET) return NOT_YET;
    if (outcome.taken) throw toError(outcome);
    throw new VmrigError("WAIT_FAILED", {
      message: `${what} on ${sight.context.name} will not be there: it ${inWords(outcome.result)}`,
      details: screen.framed.split("\n"),
    });
  });
}

export async function waitForExit(sight: Sight, options: ScreenWaitOptions): Promise<Outcome> {
  const outcome = await waitAt(sight, `the ${sight.title} to end`, options, () =>
    settledOf(sight.over),
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
  sight: Sight,
  what: string,
  options: ScreenWaitOptions,
  look: () => Promise<T | typeof NOT_YET>,
): Promise<T> {
  const { context } = sight;
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
      details: (await sight.look()).framed.split("\n"),
      cause: error.cause,
    });
  }
}

/** What it has come to, where it has. */
function settledOf<T>(promise: Promise<T>): Promise<T | typeof NOT_YET> {
  return Promise.race([promise, Promise.resolve<typeof NOT_YET>(NOT_YET)]);
}
