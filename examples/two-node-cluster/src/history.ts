/** A write that a node has accepted and acknowledged. */
export interface Written {
  readonly node: string;
  readonly value: string;
  readonly epoch: number;
  readonly seq: number;
}

/**
 * Returns the faults in a history of writes, in any order: two leaders of one epoch, two values
 * with one number, or a later epoch without a write of an earlier one.
 *
 * @returns one line for each fault; none for a correct history
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
