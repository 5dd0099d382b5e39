import { systemClock, type Clock } from "../clock/clock.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { Checkpoint } from "../machine/faults/checkpoint.ts";
import type { ClaimSession } from "./claim-session.ts";
import { runSetup, type Setup } from "./setup.ts";

export interface Start {
  /**
   * Set-up from which the test starts. Without it the test starts from the baseline, or from the
   * state that the last test left.
   */
  readonly setup: Setup | undefined;
  /** Whether a test without a set-up starts from the baseline. */
  readonly clean: boolean;
}

/** Restores the machines of a claim to the state from which a test starts. */
export interface TestStartState {
  /**
   * Restores the state from which a test starts.
   *
   * @throws the set-up's own error, for the test that ran the set-up
   * @throws VmrigError `SETUP_FAILED` for the other tests, and when the set-up took too long;
   *   `CAPABILITY_MISSING` for a driver without such checkpoints
   */
  begin(start: Start): Promise<void>;
}

type Outcome =
  | { readonly checkpoint: Checkpoint; readonly copy: string }
  | { readonly error: unknown; readonly words: string };

export interface TestStartStateOptions {
  readonly claim: Pick<
    ClaimSession,
    "copy" | "rig" | "rollBack" | "scope" | "signal" | "restoredTo"
  >;
  /** Called when a checkpoint could not be restored. The set-up then runs again. */
  readonly onRemade?: (why: string) => void;
  readonly clock?: Clock;
}

export function createTestStartState({
  claim,
  onRemade = () => {},
  clock = systemClock,
}: TestStartStateOptions): TestStartState {
  /** Outcomes end with the claim, as the checkpoints do. */
  const outcomes = new Map<Setup, Outcome>();
  /** Whether a set-up and its tests changed the machines. No other test asked for that state. */
  let away = false;

  const rollBack = async (): Promise<void> => {
    await claim.rollBack();
    away = false;
  };

  /**
   * Restores the checkpoint of a set-up.
   *
   * @returns whether the machines are at the checkpoint
   */
  const restore = async (known: Outcome | undefined): Promise<boolean> => {
    // Another copy replaced the copy on which the set-up ran.
    if (known === undefined || "error" in known || known.copy !== claim.copy) return false;
    if (claim.restoredTo === known.checkpoint) return true;
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
      await runSetup(setup, { claim, clock });
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

function failedBefore(
  { title }: Setup,
  { error, words }: Extract<Outcome, { readonly error: unknown }>,
): VmrigError {
  return new VmrigError("SETUP_FAILED", {
    message: `The test did not start: setupOnce of ${title} failed.`,
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
