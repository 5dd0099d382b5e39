import { systemClock, type Clock } from "../clock/clock.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { Checkpoint } from "../machine/faults/checkpoint.ts";
import { inTime } from "../wait/in-time.ts";
import type { ClaimSession } from "./claim-session.ts";

/**
 * What costs too much to be done for each test: it is done once, and its tests start from a
 * checkpoint of what it made.
 */
export interface Setup {
  /** Whose it is, for people. */
  readonly title: string;
  /** The one that it builds on. Without it it builds on the baseline. */
  readonly within?: Setup | undefined;
  readonly timeoutMs: number;
  /** The signal aborts when its time is over, or that of whoever waits for it. */
  readonly work: (signal: AbortSignal) => unknown;
}

export interface Start {
  /** What the test starts from. Without it from the baseline, or where the last one stopped. */
  readonly setup: Setup | undefined;
  /** Whether a test without a set-up starts from the baseline. */
  readonly clean: boolean;
}

/** Brings the machines of a claim to where a test starts. */
export interface TestStartState {
  /**
   * @throws what the set-up threw, for the test that it was done for
   * @throws VmrigError `SETUP_FAILED` for the others, and when it took too long;
   *   `CAPABILITY_MISSING` for a driver without such checkpoints
   */
  begin(start: Start): Promise<void>;
}

type Outcome =
  | { readonly checkpoint: Checkpoint; readonly copy: string }
  | { readonly error: unknown; readonly words: string };

export interface TestStartStateOptions {
  readonly claim: Pick<ClaimSession, "copy" | "rig" | "rollBack" | "scope" | "signal" | "stand">;
  /** A checkpoint could not be brought back, and its set-up is done once more. */
  readonly onRemade?: (why: string) => void;
  readonly clock?: Clock;
}

export function createTestStartState({
  claim,
  onRemade = () => {},
  clock = systemClock,
}: TestStartStateOptions): TestStartState {
  /** They are gone with the claim, as the checkpoints are. */
  const outcomes = new Map<Setup, Outcome>();
  /** The machines are as a set-up and its tests left them, which no other test asked for. */
  let away = false;

  const rollBack = async (): Promise<void> => {
    await claim.rollBack();
    away = false;
  };

  /** @returns whether the machines are where it left them */
  const restore = async (known: Outcome | undefined): Promise<boolean> => {
    // Another copy took the place of the one that it was done on.
    if (known === undefined || "error" in known || known.copy !== claim.copy) return false;
    if (claim.stand === known.checkpoint) return true;
    try {
      await claim.rig.restore(known.checkpoint);
      return true;
    } catch (error) {
      if (claim.signal.aborted) throw error;
      onRemade(wordsOf(error));
      return false;
    }
  };

  const enter = async (setup: Setup): Promise<void> => {
    const known = outcomes.get(setup);
    if (known !== undefined && "error" in known) throw failedBefore(setup, known);
    if (await restore(known)) return;
    outcomes.delete(setup);
    await (setup.within === undefined ? rollBack() : enter(setup.within));
    away = true;
    try {
      await inItsTime(setup, claim, clock);
      outcomes.set(setup, {
        checkpoint: await claim.rig.checkpoint(setup.title),
        copy: claim.copy,
      });
    } catch (error) {
      outcomes.set(setup, { error, words: wordsOf(error) });
      throw error;
    }
  };

  return {
    async begin({ setup, clean }) {
      if (setup !== undefined) await enter(setup);
      else if (clean || away) await rollBack();
    },
  };
}

/** Its commands end with its time. */
async function inItsTime(
  { title, timeoutMs, work }: Setup,
  claim: Pick<ClaimSession, "scope">,
  clock: Clock,
): Promise<void> {
  const over = new AbortController();
  const outer = claim.scope;
  const scope = outer === undefined ? over.signal : AbortSignal.any([outer, over.signal]);
  claim.scope = scope;
  const late = (): VmrigError => {
    const error = new VmrigError("SETUP_FAILED", {
      message: `The set-up of ${title} took longer than ${timeoutMs / 1000} s.`,
      hint: "give it more time with its second argument, in milliseconds",
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

function failedBefore(
  { title }: Setup,
  { error, words }: Extract<Outcome, { readonly error: unknown }>,
): VmrigError {
  return new VmrigError("SETUP_FAILED", {
    message: `The set-up of ${title} has failed: this test has nothing to start from.`,
    details: [words],
    cause: error,
  });
}

function wordsOf(error: unknown): string {
  return (
    (isVmrigError(error)
      ? error.summary
      : error instanceof Error
        ? error.message
        : String(error)
    ).split("\n")[0] ?? ""
  );
}
