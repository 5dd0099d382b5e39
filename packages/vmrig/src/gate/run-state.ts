import type { VmrigError } from "../errors/vmrig-error.ts";

/** What a run has done so far, for the gate's decisions. */
interface RunCounts {
  /** Claims that this run will make. 0: unknown. */
  readonly expected: number;
  /** Claims that it has made. */
  readonly claimed: number;
  /** Copies that it left to a person. */
  readonly retained: number;
  /** Whether "the rig is busy" was printed: not every reporter says why a test is skipped. */
  readonly busyReported: boolean;
}

/** State of the run that a gate serves. `closed` is final. */
export type RunState =
  | ({ readonly kind: "running" } & RunCounts)
  /** The run ended early: later claims fail with the reason. */
  | ({ readonly kind: "over"; readonly reason: VmrigError } & RunCounts)
  | ({ readonly kind: "closed"; readonly reason: VmrigError } & RunCounts);

export type RunEvent =
  /** The runner starts over: watch mode runs again. */
  | { readonly type: "begun" }
  | { readonly type: "expected"; readonly claims: number }
  | { readonly type: "claimed" }
  | { readonly type: "retained" }
  | { readonly type: "busyReported" }
  | { readonly type: "ended"; readonly reason: VmrigError }
  | { readonly type: "closed"; readonly reason: VmrigError };

export const NEW_RUN: RunState = {
  kind: "running",
  expected: 0,
  claimed: 0,
  retained: 0,
  busyReported: false,
};

/** Returns the state after an event: the only function that moves a run between states. */
export function nextRunState(state: RunState, event: RunEvent): RunState {
  if (state.kind === "closed") return state;
  switch (event.type) {
    case "begun":
      return NEW_RUN;
    case "expected":
      return { ...state, expected: event.claims };
    case "claimed":
      return { ...state, claimed: state.claimed + 1 };
    case "retained":
      return { ...state, retained: state.retained + 1 };
    case "busyReported":
      return { ...state, busyReported: true };
    case "ended":
      return { ...state, kind: "over", reason: event.reason };
    case "closed":
      return { ...state, kind: "closed", reason: event.reason };
  }
}

/** Returns how many more claims the run will make; copies are rolled back ahead for these alone. */
export function claimsToCome({ expected, claimed }: RunState): number {
  return expected - claimed;
}
