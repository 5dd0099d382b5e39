import type { Unhealthy } from "../baseline/recovery.ts";
import type { VmrigError } from "../errors/vmrig-error.ts";
import type { ControlCommand, ControlResult } from "./control-command.ts";
import type { Failure, Grant, PauseListener, Welcome } from "./messages.ts";

/** Client of the gate's socket. Each worker has one. */
export interface GateClient {
  hello(): Promise<Welcome>;
  claim(rollback: Welcome["rollback"]): Promise<Grant>;
  rollBack(claim: string): Promise<Grant>;
  /**
   * Reports unhealthy machines and returns a grant of machines at their baseline.
   *
   * @throws VmrigError `RIG_BROKEN`
   */
  recover(claim: string, unhealthy: readonly Unhealthy[]): Promise<Grant>;
  /** Returns the tail of a machine's console. @throws VmrigError `CAPABILITY_MISSING` */
  console(claim: string, machine: string): Promise<string>;
  /** Runs a control command, which only the gate may do. */
  control(claim: string, command: ControlCommand): Promise<ControlResult>;
  /**
   * Ends the claim. `failed`: a test on these machines failed, and the gate may retain the copy.
   */
  release(claim: string, failed: boolean): Promise<void>;
  /**
   * Waits while a person inspects the machines, until the person resumes the claim or the pause
   * times out.
   */
  pause(claim: string, failure: Failure): Promise<void>;
  /** Resumes a paused claim. Does nothing when the claim is not paused. */
  resume(claim: string): Promise<void>;
  /** Calls back when the claim of any client is paused, and again when the pause ends. */
  onPause(listener: PauseListener): void;
  /** Announces a new run of this runner. */
  begin(): Promise<void>;
  /** Announces how many claims this run will make in all; 0 when the number is unknown. */
  expect(claims: number): Promise<void>;
  /** Calls back when the gate ends the run early. */
  onOver(listener: (reason: VmrigError) => void): void;
  /**
   * Calls back once when the lease of a claim is lost or the gate is gone. Calls back immediately
   * when that has already happened.
   */
  onLost(claim: string, listener: (error: VmrigError) => void): void;
  close(): void;
}
