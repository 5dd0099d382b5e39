import type { Unhealthy } from "../../baseline/recovery.ts";
import type { MachineAccess } from "../../baseline/machine-access.ts";
import type { Clock } from "../../clock/clock.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import type { CopySpec, Fingerprint } from "../../driver/driver.ts";
import type { Holder, Lease } from "../../lease/lease.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import type { EncryptedStore } from "../../provision/state/encryption/encrypted-store.ts";
import type { ControlCommand, ControlResult } from "../../protocol/control-command.ts";

export interface LeasedCopyOptions {
  readonly rig: ResolvedRig;
  readonly copy: CopySpec;
  readonly store: LeaseStore;
  readonly states: EncryptedStore;
  readonly holder: Holder;
  readonly lease: Lease;
  readonly fingerprint: Fingerprint;
  readonly say: (line: string) => void;
  /**
   * Ends the current work, including Terraform, when the run is over before the machines are ready.
   */
  readonly until: AbortSignal;
  readonly clock?: Clock;
  /** Addresses that a person allowed Terraform to replace. */
  readonly allow?: ReadonlySet<string>;
  /** Addresses of machines that a person asked to replace. */
  readonly replace?: ReadonlySet<string>;
  /** Upgrades the packages of the machines first. @defaultValue false */
  readonly refresh?: boolean;
  /** Called before the lease is released. */
  readonly guard?: () => Promise<void>;
}

/** A copy whose lease this run has. Its machines exist and have their baseline. */
export interface LeasedCopy {
  readonly lease: Lease;
  readonly baseline: string;
  readonly copy: CopySpec;
  /** Rolls all machines back to their baseline. */
  rollBack(): Promise<readonly MachineAccess[]>;
  /**
   * Rolls all machines back before a claim waits for them. Does not recover a machine that fails:
   * the next claim does.
   */
  rollBackAhead(): Promise<readonly MachineAccess[]>;
  /** Retries with the next recovery step after the last rollback turned out to have failed. */
  recover(unhealthy: readonly Unhealthy[]): Promise<readonly MachineAccess[]>;
  /** Runs a control command on the machines. */
  control(command: ControlCommand): Promise<ControlResult>;
  /** Deletes the checkpoints of the claim that has ended. Does nothing when the claim took none. */
  forget(): Promise<void>;
  /**
   * Retains the copy: the machines stay as they are, and their lease stays with the user of this
   * run for `forMs`. The leased copy allows no other work afterwards.
   *
   * @returns until when, in milliseconds since the epoch
   */
  retain(forMs: number, why: string): Promise<number>;
  /**
   * Lets the user of this run log in for `forMs` at most. The lease and the machines stay with the
   * leased copy.
   *
   * @returns until when, in milliseconds since the epoch; the machines that are up; and a function
   *   that ends the access
   */
  allowLogin(
    forMs: number,
    why: string,
  ): Promise<{
    readonly until: number;
    readonly machines: readonly string[];
    readonly leave: () => Promise<void>;
  }>;
  /** Suspends the machines, then releases the lease. Never throws. */
  release(): Promise<void>;
}
