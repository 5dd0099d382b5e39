import type { Fence } from "../driver/driver.ts";

/**
 * Identity of a process that holds a lease or waits for one, as other users of the same Redis see
 * it. Plain data. Control characters and secrets never leave the process.
 */
export interface Holder {
  /** `alice`, `ci-8812` */
  readonly who: string;
  /** `laptop`, `runner-3` */
  readonly host: string;
  /** Command line of the run: `vitest run sync/` */
  readonly command: string;
  /** Id of the test runner session. */
  readonly session: string;
}

/**
 * State of a lease. `retained`: the holder ended the lease and left the copy unchanged for people to
 * inspect; see `LeaseStore.retain`.
 */
export type LeaseState = "held" | "lost" | "released" | "retained";

/**
 * The exclusive, time-limited right to one copy of a rig. It is renewed in the background until it
 * is released or lost.
 *
 * The holder gives the lease up *before* its key can expire in Redis. Two processes therefore never
 * both consider it theirs, as long as their clocks run at the same speed. The machine refuses late
 * commands of a paused process, by the {@link Lease.fence}.
 */
export interface Lease extends AsyncDisposable {
  /** `pcs` */
  readonly rig: string;
  /** Name of the leased copy: `pcs-1`. */
  readonly copy: string;
  /**
   * Fence of this lease. Larger than the fence of every earlier lease of this copy, even when Redis
   * lost its data in between.
   */
  readonly fence: Fence;
  readonly holder: Holder;
  /**
   * Aborts with a `LEASE_LOST` VmrigError when the lease is lost. A release does not abort the
   * signal: a release is no fault, and listeners would report one. After a release
   * {@link Lease.assertHeld} throws.
   */
  readonly signal: AbortSignal;
  readonly state: LeaseState;
  /**
   * Returns for how many milliseconds the lease is certain to be held if no renewal succeeds from
   * now on; 0 when the lease is no longer held.
   */
  remainingMs(): number;
  /**
   * Throws unless the lease is held. Call it right before every destructive step. It reads both
   * clocks itself. The answer is therefore correct in a process that was paused or whose event loop
   * was blocked, before any timer could run.
   *
   * @throws VmrigError `LEASE_LOST` when the lease is lost, released or retained
   */
  assertHeld(): void;
  /**
   * Releases the lease to the next waiter in the queue. May be called any number of times and never
   * throws. A lock that no longer exists is no error. When Redis does not answer (retried for 3 s),
   * the TTL ends the lease. Does nothing when the lease is already lost or retained.
   */
  release(): Promise<void>;
}
