/** Outcome of a command. */
export interface Ending {
  /**
   * Missing when a signal ended the command, or when the machine did not confirm in time that it
   * stopped.
   */
  readonly exitCode?: number;
  /**
   * `SIGKILL`. OpenSSH reports the signal of the shell only. A shell reports a child that was ended
   * by a signal as exit code 128 + n.
   */
  readonly signal?: string;
  /** Whether the command exited, or why it was stopped. */
  readonly ended: "exited" | "timed-out" | "aborted";
  /**
   * Whether the shell had already ended when the command was stopped, while a process that it left
   * behind kept the output open.
   */
  readonly lingered: boolean;
  readonly durationMs: number;
}
