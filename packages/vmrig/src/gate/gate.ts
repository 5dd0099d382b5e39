import type { Unhealthy } from "../baseline/recovery.ts";
import type { RollbackPolicy } from "../config/schema.ts";
import type { VmrigError } from "../errors/vmrig-error.ts";
import type { ControlCommand, ControlResult } from "../protocol/control-command.ts";
import type { Failure, Grant, PauseListener, Welcome } from "../protocol/messages.ts";

/**
 * Leases, provisions and rolls back machines; no other part of a run does. The first
 * {@link Gate.claim} leases a copy. The gate keeps that copy for the next claims, until the gate
 * closes or no claim has come for a while.
 */
export interface Gate extends AsyncDisposable {
  readonly welcome: Welcome;
  /** Begins a new run of the same runner, and forgets the failures of earlier runs. */
  begin(): void;
  /**
   * Announces how many claims this run will make in all. Until then the gate rolls free copies back
   * ahead.
   *
   * @defaultValue 0: unknown
   */
  expect(claims: number): void;
  /**
   * Grants the machines of a copy exclusively until {@link Gate.release}. Uses a free copy of this
   * run, or else waits in the queue for one. The machines are at their baseline, unless `rollback`
   * is `run` and this run had them before.
   *
   * @throws VmrigError `LEASE_LOST` for the rest of a run that lost a lease
   */
  claim(rollback: RollbackPolicy, signal?: AbortSignal): Promise<Grant>;
  /** Rolls the machines of a running claim back to their baseline. */
  rollBack(claim: string): Promise<Grant>;
  /**
   * Recovers machines that a worker found away from their baseline, before any command ran on them.
   * The next stronger recovery step restores them, or another copy replaces them.
   *
   * @throws VmrigError `RIG_BROKEN` when no step helps
   */
  recover(claim: string, unhealthy: readonly Unhealthy[]): Promise<Grant>;
  /**
   * Returns the console tail of a claim's machine.
   *
   * @throws VmrigError `CAPABILITY_MISSING` where the driver has none
   */
  console(claim: string, machine: string): Promise<string>;
  /** Runs a control command (power, links or checkpoints) for a running claim. */
  control(claim: string, command: ControlCommand): Promise<ControlResult>;
  /**
   * Lets a person log in to the machines of a claim as they are. Resolves when the person resumes
   * the claim, or after `keepFor`.
   */
  pause(claim: string, failure: Failure): Promise<void>;
  resume(claim: string): void;
  /**
   * Calls back when a claim is paused and when its pause ends.
   *
   * @returns a function that stops the calls
   */
  onPause(listener: PauseListener): () => void;
  /**
   * Ends a claim. `failed`: a test on these machines failed; the gate retains the copy when the
   * config asks for it.
   */
  release(claim: string, failed?: boolean): void;
  /**
   * Returns a signal that aborts when the lease of a claim is lost.
   *
   * @throws VmrigError `LEASE_LOST` for a claim that is over
   */
  lost(claim: string): AbortSignal;
  /**
   * Calls back with the reason when this run ends early.
   *
   * @returns a function that stops the calls
   */
  onOver(callback: (reason: VmrigError) => void): () => void;
  /** Suspends the machines, releases the leases and closes the connections. */
  close(): Promise<void>;
}
