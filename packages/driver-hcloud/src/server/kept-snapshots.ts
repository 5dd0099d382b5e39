import type { SnapshotName } from "vmrig/driver";

/** Number of retained baselines. Two alternating branches keep theirs. */
const RETAINED_BASELINES = 3;

const isBaseline = (name: SnapshotName): boolean => name.startsWith("baseline-");

/**
 * Returns the snapshots that a machine has after one more is taken, oldest first. Each change of a
 * recipe makes another baseline: without a limit, they fill the disk and the labels.
 */
export function keptSnapshots(
  before: readonly SnapshotName[],
  taken: SnapshotName,
): readonly SnapshotName[] {
  const all = [...before.filter((name) => name !== taken), taken];
  const retained = new Set(all.filter(isBaseline).slice(-RETAINED_BASELINES));
  return all.filter((name) => !isBaseline(name) || retained.has(name));
}
