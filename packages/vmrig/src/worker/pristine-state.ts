import type { Clock } from "../clock/clock.ts";
import type { Checkpoint } from "../machine/faults/checkpoint.ts";

/**
 * Machines change even when no command uses them: timers fire and logs grow. After this time the
 * machines no longer count as pristine. An idle run gives its machines back after the same time.
 */
const FRESH_MS = 60_000;

/**
 * Tracks the state to which all machines of a claim were restored, for as long as no command has
 * used any of them.
 */
export interface PristineState {
  readonly at: Checkpoint | "baseline" | undefined;
  reached(state: Checkpoint | "baseline"): void;
  /**
   * Records that a command is about to use a machine. This counts for all machines, because they
   * can reach each other.
   */
  touch(): void;
}

export function createPristineState(clock: Clock): PristineState {
  let known: { readonly state: Checkpoint | "baseline"; readonly since: number } | undefined;
  return {
    get at() {
      return known !== undefined && clock.monotonic() - known.since < FRESH_MS
        ? known.state
        : undefined;
    },
    reached: (state) => void (known = { state, since: clock.monotonic() }),
    touch: () => void (known = undefined),
  };
}
