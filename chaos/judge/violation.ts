/** A promise that was not kept, and the rows that show it. */
export interface Violation {
  readonly promise: "exclusive" | "fenced" | "clean" | "frees itself" | "fair" | "ends" | "no bug";
  readonly what: string;
}

/** One fault, as the suite wrote it down when it struck. */
export interface Struck {
  readonly kind: string;
  readonly target: string;
  /** Runs that were hit themselves: nobody owes them anything. */
  readonly sessions: readonly string[];
  /** In milliseconds since the epoch: when it began, and when what was stopped ran again. */
  readonly from: number;
  readonly to: number;
}
