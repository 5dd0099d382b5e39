import type { Unhealthy } from "../baseline/recovery.ts";
import type { RollbackPolicy } from "../config/schema.ts";
import type { VmrigError } from "../errors/vmrig-error.ts";
import type { ControlCommand, ControlResult } from "../protocol/control-command.ts";
import type { Failure, Grant, PauseListener, Welcome } from "../protocol/messages.ts";

/**
 * The one place that leases, provisions and rolls back. Nothing is leased until the first
 * {@link Gate.claim}; then a copy is kept for the next claims, until the gate closes or nobody
 * asked for a while.
 */
export interface Gate extends AsyncDisposable {
  readonly welcome: Welcome;
  /** A new run of the same runner: what an earlier one failed of is forgotten. */
  begin(): void;
  /**
   * How many claims this run will make in all. Until then a copy that is free is made ready ahead.
   *
   * @defaultValue 0: nobody knows
   */
  expect(claims: number): void;
  /**
   * Hands out the machines of a copy, which nobody else has until {@link Gate.release}: of one that
   * this run holds and that is free, else of one that it waits in line for. They are at their
   * baseline, unless `rollback` is `run` and this run had them before.
   *
   * @throws VmrigError `LEASE_LOST` for the rest of a run that lost a lease
   */
  claim(rollback: RollbackPolicy, signal?: AbortSignal): Promise<Grant>;
  /** The machines of a claim back to their baseline, in the middle of it. */
  rollBack(claim: string): Promise<Grant>;
  /**
   * A worker found machines not to be at their baseline, and has run nothing on any of them: the
   * next stronger step brings them back, or another copy takes their place.
   *
   * @throws VmrigError `RIG_BROKEN` when nothing helps
   */
  heal(claim: string, sick: readonly Unhealthy[]): Promise<Grant>;
  /**
   * The end of what a machine of a claim wrote on its console.
   *
   * @throws VmrigError `CAPABILITY_MISSING` where the driver has none
   */
  console(claim: string, machine: string): Promise<string>;
  /** Power, links, checkpoints: what only the gate may do, in the middle of a claim. */
  act(claim: string, command: ControlCommand): Promise<ControlResult>;
  /**
   * Lets whoever ran this in to the machines of a claim as they are, and resolves when he says to
   * go on, or after `keepFor`.
   */
  pause(claim: string, failure: Failure): Promise<void>;
  resume(claim: string): void;
  /** Calls back when a claim is paused, and when that is over. @returns stops that */
  onPause(listener: PauseListener): () => void;
  /**
   * `failed` when a test on these machines did: they are kept as they are, where the config says
   * so.
   */
  release(claim: string, failed?: boolean): void;
  /**
   * Aborts when the lease of a claim is lost.
   *
   * @throws VmrigError `LEASE_LOST` for a claim that is over
   */
  lost(claim: string): AbortSignal;
  /** Calls back when this run is over before its end, with the reason. @returns stops that */
  onOver(callback: (reason: VmrigError) => void): () => void;
  /** Rests the machines, hands on the leases, closes the connections. */
  close(): Promise<void>;
}
