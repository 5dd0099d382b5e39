/** State of machines at one moment. It can be restored until the test file ends. */
export interface Checkpoint {
  /** Name that the test gave the checkpoint. */
  readonly name: string;
  /** Names of the machines in the checkpoint. */
  readonly machines: readonly string[];
}

/** All machines of the rig. */
export interface Rig {
  /**
   * Saves the state of all machines at one moment: no machine runs while another one is captured.
   */
  checkpoint(name?: string): Promise<Checkpoint>;
  /**
   * Restores all machines of a checkpoint. Running commands fail with `CONNECTION_LOST`.
   *
   * @throws VmrigError `CHECKPOINT_UNKNOWN`
   */
  restore(checkpoint: Checkpoint): Promise<void>;
}
