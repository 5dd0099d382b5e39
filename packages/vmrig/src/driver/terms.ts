/**
 * A number that only grows, issued with each lease. A machine refuses a fence that is smaller than
 * the largest one it has seen.
 */
export type Fence = number;

/**
 * `pristine`, `pristine-<date>-<time>` after an upgrade of the packages, `baseline-<id>`, or
 * `checkpoint-<id>`. At most 25 characters.
 */
export type SnapshotName = string;

/** An OpenSSH public key: `ssh-ed25519 AAAA…`, without options or comment. */
export type PublicKey = string;

export type PowerState = "running" | "paused" | "off" | "absent";

/** Base of the machines of this copy. Image and platform are part of the hash in the baseline id. */
export interface Fingerprint {
  /** Digest of the machine image. */
  readonly image: string;
  /**
   * All other properties that a snapshot of this driver depends on, readable for people:
   * `qemu 7.2.22, tcg, q35, cpu max`.
   */
  readonly platform: string;
  /**
   * Options of the driver that what it declares depends on, and no snapshot does, as text. A change
   * of them runs Terraform.
   */
  readonly options?: string;
}
