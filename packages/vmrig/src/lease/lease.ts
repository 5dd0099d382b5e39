import type { Fence } from "../driver/driver.ts";

/**
 * Who holds a lease or waits for one, as others on the same Redis see it. Plain data; control
 * characters and secrets never leave the process.
 */
export interface Holder {
  /** `alice`, `ci-8812` */
  readonly who: string;
  /** `laptop`, `runner-3` */
  readonly host: string;
  /** What runs: `vitest run sync/` */
  readonly command: string;
  /** The run of the test runner that this belongs to. */
  readonly session: string;
}

/**
 * `kept`: given up by its holder, who left the copy as it is for people to look at; see
 * `LeaseStore.keep`.
 */
export type LeaseState = "held" | "lost" | "released" | "kept";

/**
 * The exclusive, time-bounded right to one copy of a rig. It is renewed in the background until it
 * is released or lost.
 *
 * A lease is given up by its holder *before* its key can expire in Redis, so that at no time two
 * processes both believe in it, as long as their clocks run at the same speed. What a paused
 * process does late is refused by the machine, by its {@link Lease.fence}.
 */
export interface Lease extends AsyncDisposable {
  /** `pcs` */
  readonly rig: string;
  /** The copy that is leased: `pcs-1`. */
  readonly copy: string;
  /**
   * Larger than that of every lease of this copy before it, even when Redis lost its data in
   * between.
   */
  readonly fence: Fence;
  readonly holder: Holder;
  /**
   * Aborts with a `LEASE_LOST` VmrigError when the lease is lost. A release does not abort it: a
   * release is no fault, and whoever listens would report one. After a release
   * {@link Lease.assertHeld} throws.
   */
  readonly signal: AbortSignal;
  readonly state: LeaseState;
  /**
   * For how many milliseconds the lease is certain to be ours if no renewal succeeds from now on; 0
   * when it is not held any more.
   */
  remainingMs(): number;
  /**
   * Stands right before every destructive step. It reads both clocks itself, so that it tells the
   * truth in a process that was paused or whose event loop was blocked, before any timer had a
   * chance to run.
   *
   * @throws VmrigError `LEASE_LOST` when the lease is lost, released or kept
   */
  assertHeld(): void;
  /**
   * Hands the lease to the next in line. May be called any number of times and never throws: a lock
   * that is gone is no error, and when Redis does not answer (tried for 3 s) the lease runs out by
   * its TTL. Does not talk to Redis when the lease is already lost, and leaves it alone when it is
   * kept.
   */
  release(): Promise<void>;
}
