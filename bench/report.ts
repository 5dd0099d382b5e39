/** Result of a benchmark. It is printed as one line of JSON, the last line of the output. */
export interface Report {
  readonly bench: string;
  readonly runs: number;
  /** Median of each side, in milliseconds. */
  readonly ms: Readonly<Record<string, number>>;
  readonly ratios: Readonly<Record<string, number>>;
}

/** Measurements by side. */
export type Samples = Record<string, number[]>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function medians(samples: Samples): Record<string, number> {
  return Object.fromEntries(
    Object.entries(samples).map(([side, values]) => [side, round(median(values), 1)]),
  );
}

export async function timed(
  samples: Samples,
  side: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  (samples[side] ??= []).push(ms);
  console.log(`${side.padEnd(10)} ${ms.toFixed(0).padStart(7)} ms`);
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

export function printReport(report: Report): void {
  console.log(JSON.stringify(report));
}
