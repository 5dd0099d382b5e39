/**
 * The state of machines at one moment, which they can be brought back to until the test file ends.
 */
export interface Checkpoint {
  /** As the test called it. */
  readonly name: string;
  /** Those that it is a state of. */
  readonly machines: readonly string[];
}

/** All machines of the rig together. */
export interface Rig {
  /** Keeps the state of all machines at one moment: none of them runs while another is captured. */
  checkpoint(name?: string): Promise<Checkpoint>;
  /**
   * Brings all machines of a checkpoint back. What runs on them is `CONNECTION_LOST`.
   *
   * @throws VmrigError `CHECKPOINT_UNKNOWN`
   */
  restore(checkpoint: Checkpoint): Promise<void>;
}
