import type { GuestKind } from "../driver/driver.ts";
import type { CommandObserver } from "../machine/command/command-observer.ts";
import type { Checkpoint, Rig } from "../machine/faults/checkpoint.ts";
import type { Machine } from "../machine/machine.ts";
import type { Failure } from "../protocol/messages.ts";
import type { SshConnection } from "../ssh/connection.ts";
import type { SshTarget } from "../ssh/handshake.ts";

/**
 * Machines that are this worker's until it releases them. The `Machine` objects stay the same
 * across rollbacks.
 */
export interface ClaimSession {
  readonly copy: string;
  readonly baseline: string;
  readonly guest: GuestKind;
  /** Whether the machines were at their baseline when they were handed out. */
  readonly fresh: boolean;
  /** By name. */
  readonly machines: Readonly<Record<string, Machine>>;
  /** All of them together. */
  readonly rig: Rig;
  /** What all of them were brought back to, while nobody has used any since. */
  readonly stand: Checkpoint | "baseline" | undefined;
  /** Aborts when the lease is lost: every command ends, every connection is closed. */
  readonly signal: AbortSignal;
  /** Ends the commands that begin while it is set: the signal of the test that runs. */
  scope: AbortSignal | undefined;
  /** When what runs now began: older lines of a journal are not its own. */
  since: Date | undefined;
  /** Sees the commands that begin while it is set: the transcript of the test that runs. */
  observer: CommandObserver | undefined;
  /**
   * The machines as who only looks at them after a failure has them: as root, out of any test's
   * time, and never rolled back for it.
   */
  readonly lookers: Readonly<Record<string, Machine>>;
  /**
   * The end of what a machine wrote on its console, as the driver has it: the machine itself is not
   * asked.
   */
  console(name: string): Promise<string>;
  /**
   * Begins a part of the file, such as a test. The function that it returns ends it: removes the
   * temporary folders that were made since.
   *
   * @throws VmrigError `FILE_FAILED` when one of them cannot be removed
   */
  begin(): () => Promise<void>;
  /**
   * A connection to a machine, after all of them were proven. It is kept, and the same for whoever
   * asks until it ends.
   */
  connect(name: string): Promise<SshConnection>;
  /** Where a machine is, and what opens it, until the next rollback. */
  target(name: string): SshTarget;
  /**
   * All machines back to their baseline; what runs on them ends. Where nobody has used any since
   * the last time, nothing is done.
   */
  rollBack(): Promise<void>;
  /**
   * Waits while a person looks at the machines as they are, until he says to go on or the time is
   * over.
   */
  pause(failure: Failure): Promise<void>;
  /**
   * `failed` when a test on these machines did: they may be kept as they are.
   *
   * @defaultValue false
   */
  release(failed?: boolean): Promise<void>;
}
