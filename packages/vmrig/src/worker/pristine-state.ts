import type { Clock } from "../clock/clock.ts";
import type { Checkpoint } from "../machine/faults/checkpoint.ts";

/**
 * Machines run while nobody uses them: timers fire, logs grow. Longer than this nobody says that
 * they are as they were. It is what a run that stands still gives its machines back after.
 */
const FRESH_MS = 60_000;

/**
 * What all machines of a claim were brought back to, for as long as nobody has used any of them.
 */
export interface PristineState {
  readonly at: Checkpoint | "baseline" | undefined;
  reached(state: Checkpoint | "baseline"): void;
  /** Somebody is about to use one. It counts for all: they reach each other. */
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
