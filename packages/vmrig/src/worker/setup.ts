import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { inTime } from "../wait/in-time.ts";
import type { ClaimSession } from "./claim-session.ts";

/**
 * Set-up that costs too much to run before each test. It runs once, and its tests start from a
 * checkpoint of the result.
 */
export interface Setup {
  /** Name in errors. */
  readonly title: string;
  /** Set-up on which this one builds. @defaultValue the baseline */
  readonly within?: Setup | undefined;
  readonly timeoutMs: number;
  /** The signal aborts when the set-up times out, or when the waiting test does. */
  readonly work: (signal: AbortSignal) => unknown;
}

/** Runs a set-up within its time limit. Its commands end when the time is over. */
export async function runSetup(
  { title, timeoutMs, work }: Setup,
  { claim, clock }: { readonly claim: Pick<ClaimSession, "scope">; readonly clock: Clock },
): Promise<void> {
  const over = new AbortController();
  const outer = claim.scope;
  const scope = outer === undefined ? over.signal : AbortSignal.any([outer, over.signal]);
  claim.scope = scope;
  const late = (): VmrigError => {
    const error = new VmrigError("SETUP_FAILED", {
      message: `setupOnce of ${title} took longer than ${timeoutMs / 1000} s.`,
      hint: "pass a longer timeout in milliseconds: setupOnce(fn, ms)",
    });
    over.abort(error);
    return error;
  };
  try {
    await inTime((async () => work(scope))(), { timeoutMs, late, clock });
  } finally {
    claim.scope = outer;
  }
}
