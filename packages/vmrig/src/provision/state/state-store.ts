import type { Fence } from "../../driver/driver.ts";
import type { CopyName } from "../../lease/keys.ts";
import type { Holder } from "../../lease/lease.ts";

/** Number of versions of a state that a store keeps. */
export const KEPT_VERSIONS = 50;

/** One version of a state, without its text. */
export interface StateVersion {
  /** Grows by one with each write. The first version is 1. */
  readonly version: number;
  /** Fence of the lease under which it was written. */
  readonly fence: Fence;
  /** Id of the write: see {@link StateWrite.id}. */
  readonly write: string;
  readonly by: Holder;
  /** Milliseconds since the epoch, on the clock of the writer. */
  readonly at: number;
  /** What this version changed, in one line: `+2 -0 ~1`. */
  readonly summary: string;
  /**
   * Names of machines that an apply may have changed since, because it has not ended, or did not
   * succeed.
   */
  readonly applying: readonly string[];
  /** Those of them that it was to replace or delete. None in a version from before this list. */
  readonly removing: readonly string[];
}

export interface StoredState extends StateVersion {
  /** The state as Terraform sent it, or encrypted. */
  readonly text: string;
}

export interface StateWrite {
  /**
   * Identifies the write. A write that is repeated with the same id, because its reply was lost,
   * is stored once.
   */
  readonly id: string;
  readonly text: string;
  /** Version that the writer read or wrote last. 0: there was none. */
  readonly base: number;
  readonly fence: Fence;
  readonly by: Holder;
  readonly at: number;
  readonly summary: string;
  readonly applying: readonly string[];
  /** See {@link StateVersion.removing}. @defaultValue none */
  readonly removing?: readonly string[];
}

/**
 * A larger fence was claimed: another run holds the lease. When a write is repeated because its
 * reply was lost, it may have been stored before the claim, which then returned it.
 */
export interface FencedOutcome {
  readonly outcome: "fenced";
  /** Largest fence that the store has seen. */
  readonly fence: Fence;
}

export type ClaimOutcome =
  | { readonly outcome: "claimed"; readonly current: StoredState | undefined }
  | FencedOutcome;

export type WriteOutcome =
  | { readonly outcome: "written"; readonly version: number }
  | FencedOutcome
  /** The state has another version than the one that the write is based on. */
  | { readonly outcome: "conflict"; readonly version: number };

/**
 * Where the states of a rig's copies are stored. Compare-and-swap on a version, fenced by the lease.
 *
 * A run claims a state once, when it starts to provision. From then on the store refuses every
 * write with a smaller fence, also one that was sent earlier and arrives later.
 *
 * Faults are thrown: `REDIS_UNREACHABLE`, `STATE_UNREACHABLE`, `STATE_UNWRITABLE`. After a fault it
 * is unknown whether a write was stored. Repeat it with the same id.
 */
export interface StateStore extends AsyncDisposable {
  /** Printable place, without credentials. */
  readonly shown: string;
  /** Takes a state over for a lease, and returns what is stored. */
  claim(copy: CopyName, fence: Fence): Promise<ClaimOutcome>;
  write(copy: CopyName, write: StateWrite): Promise<WriteOutcome>;
  /** Returns the number of the newest version, in one round trip. 0: there is no state. */
  newestVersion(copy: CopyName): Promise<number>;
  /**
   * Reads the newest version without a lease, for people. With several Redis servers, it may be a
   * version that a write in progress has not finished.
   */
  read(copy: CopyName): Promise<StoredState | undefined>;
  /** Returns the kept versions, newest first. */
  history(copy: CopyName): Promise<readonly StateVersion[]>;
  /** Returns an older version with its text; `undefined` when it is not kept. */
  readVersion(copy: CopyName, version: number): Promise<StoredState | undefined>;
}
