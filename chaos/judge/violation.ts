/** A broken promise, and the rows that show it. */
export interface Violation {
  readonly promise:
    | "exclusive"
    | "fenced"
    | "clean"
    | "frees itself"
    | "fair"
    | "ends"
    | "no bug"
    // Of the state suite.
    | "one chain"
    | "no double"
    | "complete"
    | "known"
    | "recovers";
  readonly what: string;
}

/** One fault, as the suite recorded it. */
export interface AppliedFault {
  readonly kind: string;
  readonly target: string;
  /** Runs that the fault hit directly. Fairness is not checked for them. */
  readonly sessions: readonly string[];
  /**
   * In milliseconds since the epoch: start of the fault, and the time at which a stopped target ran
   * again.
   */
  readonly from: number;
  readonly to: number;
}
