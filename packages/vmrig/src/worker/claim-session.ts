import type { GuestKind } from "../driver/driver.ts";
import type { CommandObserver } from "../machine/command/command-observer.ts";
import type { Checkpoint, Rig } from "../machine/faults/checkpoint.ts";
import type { Machine } from "../machine/machine.ts";
import type { Failure } from "../protocol/messages.ts";
import type { SshConnection } from "../ssh/connection.ts";
import type { SshTarget } from "../ssh/handshake.ts";

/**
 * Machines that are leased to this worker until the worker releases them. The `Machine` objects
 * stay the same across rollbacks.
 */
export interface ClaimSession {
  readonly copy: string;
  readonly baseline: string;
  readonly guest: GuestKind;
  /** Whether the machines were at their baseline when the gate granted them. */
  readonly fresh: boolean;
  /** Machines by name. */
  readonly machines: Readonly<Record<string, Machine>>;
  /** All machines together. */
  readonly rig: Rig;
  /**
   * State to which all machines were restored, for as long as no command has used any of them
   * since.
   */
  readonly restoredTo: Checkpoint | "baseline" | undefined;
  /** Aborts when the lease is lost. Every command then ends, and every connection is closed. */
  readonly signal: AbortSignal;
  /** Signal of the running test. Ends the commands that begin while it is set. */
  scope: AbortSignal | undefined;
  /** When the running test began. Journal lines before this time belong to earlier tests. */
  since: Date | undefined;
  /** Observes the commands that begin while it is set: the transcript of the running test. */
  observer: CommandObserver | undefined;
  /**
   * Machines for evidence after a failure: they log in as root, take no time from a test, and never
   * trigger a rollback.
   */
  readonly evidenceMachines: Readonly<Record<string, Machine>>;
  /**
   * Returns the tail of a machine's console, as the driver has it. Sends no command to the machine.
   */
  console(name: string): Promise<string>;
  /**
   * Begins a part of the file, such as a test. Returns a function that ends the part and removes
   * the temporary folders created since.
   *
   * @throws VmrigError `FILE_FAILED` when one of them cannot be removed
   */
  begin(): () => Promise<void>;
  /**
   * Returns a connection to a machine, after all machines were proven. Every call returns the same
   * connection until that connection ends.
   */
  connect(name: string): Promise<SshConnection>;
  /** Returns the address and credentials of a machine. They are valid until the next rollback. */
  target(name: string): SshTarget;
  /**
   * Rolls all machines back to their baseline and ends all commands on them. Does nothing when no
   * command has used any machine since the last rollback.
   */
  rollBack(): Promise<void>;
  /**
   * Waits while a person inspects the machines as they are, until the person resumes the claim or
   * the pause times out.
   */
  pause(failure: Failure): Promise<void>;
  /**
   * Releases the machines. `failed`: a test on these machines failed, and the gate may retain the
   * copy.
   *
   * @defaultValue false
   */
  release(failed?: boolean): Promise<void>;
}
