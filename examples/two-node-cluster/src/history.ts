/** A write that a node has taken, and said so. */
export interface Written {
  readonly node: string;
  readonly value: string;
  readonly epoch: number;
  readonly seq: number;
}

/**
 * What must not be in a history of writes, in whatever order they were answered: two leaders of one
 * epoch, two values in one place, or a later epoch that does not know all of an earlier one.
 *
 * @returns one line for each; none for a history as it should be
 */
export function faultsOf(history: readonly Written[]): string[] {
  const faults: string[] = [];
  const bySeq = history.toSorted((a, b) => a.seq - b.seq);
  for (const [index, one] of bySeq.entries()) {
    for (const other of bySeq.slice(index + 1)) {
      if (one.epoch === other.epoch && one.node !== other.node)
        faults.push(`${one.node} and ${other.node} led in epoch ${one.epoch}`);
      if (one.seq === other.seq)
        faults.push(`${one.value} and ${other.value} are both number ${one.seq}`);
      if (one.epoch > other.epoch)
        faults.push(`epoch ${one.epoch} has lost ${other.value} of epoch ${other.epoch}`);
    }
  }
  return [...new Set(faults)];
}
