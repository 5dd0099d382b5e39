import type { Fence, Fingerprint, PublicKey } from "./terms.ts";

/** Options of a call without an {@link Authority} that may take long. */
export interface WaitLimit {
  /** Cancels the call, which then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Reports a slow step to the user, as one whole line. */
  readonly say?: (line: string) => void;
}

/** Proof of the lease. Required by every call that changes a machine. */
export interface Authority {
  /**
   * The driver compares the fence with the largest one that this machine has seen, stored outside
   * of the data that a rollback rewinds.
   */
  readonly fence: Fence;
  /** Aborts when the lease is lost. */
  readonly signal: AbortSignal;
  /** Reports a slow step or an automatic recovery to the user, as one whole line. */
  readonly say?: (line: string) => void;
  /** Secret of the copy, for a driver with `Driver.needsSecret`. */
  readonly secret?: string;
}

/** Authority of a call that also authorizes the lease's SSH key. */
export interface Admission extends Authority {
  /**
   * The only key of a lease that may log in as the test user from now on. A driver adds it with the
   * `LEASE_KEY_COMMENT`, and keeps the keys without this comment.
   */
  readonly authorize: PublicKey;
}

/** Options of `Driver.declare`. */
export interface DeclareOptions {
  /**
   * Missing for a stack that can only destroy existing machines. It needs nothing but the copy,
   * because the image may be gone.
   */
  readonly fingerprint?: Fingerprint;
  /** Stamped on each machine. */
  readonly owner: string;
  /** As in {@link Authority.secret}. Missing for a stack that only destroys. */
  readonly secret?: string;
  /** Number of applies of this run that `Driver.alternative` follows. @defaultValue 0 */
  readonly attempt?: number;
}

/** An apply that failed. */
export interface FailedApply {
  /** The `attempt` of its stack. */
  readonly attempt: number;
  /** Messages of Terraform. */
  readonly messages: readonly string[];
}

/** Options of `Driver.publishImage`. */
export interface PublishImageOptions {
  /** See `CopySpec.cacheFolder`. */
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  /** Reports a step to the user, as one whole line. */
  readonly say: (line: string) => void;
}
