/** Exit codes of the scripts, outside of those that programs use. */
export const EXIT = {
  /** The machine has seen a larger fence; stdout is that fence. */
  fenced: 80,
  /** The stored fence is not a number. */
  fenceUnreadable: 81,
  /** Another script holds the lock. */
  locked: 82,
  /** `/` is not a btrfs subvolume of the layout; stdout says what it is. */
  layout: 83,
  /** There is no such snapshot. */
  missing: 84,
  /** The snapshot is not what the capture recorded; stdout says why. */
  damaged: 85,
  /** No space for a snapshot. */
  full: 86,
  /** A subvolume inside of the captured ones, which a snapshot leaves out; stdout lists it. */
  nested: 87,
  /** The kernel state differs; stdout lists the differences. */
  differs: 88,
} as const;
