import { setTimeout } from "node:timers/promises";

const LONGEST_MS = 60_000;

/** Milliseconds before the next try; the first one has the number 0. */
export type Pause = (tries: number) => number;

export function constantPause(ms: number): Pause {
  return () => ms;
}

export function growingPause(firstMs: number): Pause {
  return (tries) => Math.min(firstMs * 2 ** tries, LONGEST_MS);
}

/** Between 1 s and what {@link growingPause} would wait. */
export const randomPause: Pause = (tries) =>
  1000 + (growingPause(1000)(tries) - 1000) * Math.random();

/**
 * Repeats a call while it fails with an error that is worth it, with pauses of 1, 2, 4 … s. The
 * last error is thrown.
 */
export async function retrying<T>(
  {
    tries = 5,
    isWorthIt,
  }: { readonly tries?: number; readonly isWorthIt: (error: unknown) => boolean },
  call: () => Promise<T>,
): Promise<T> {
  for (let done = 0; ; done++) {
    try {
      return await call();
    } catch (error) {
      if (!isWorthIt(error) || done + 1 >= tries) throw error;
      await setTimeout(growingPause(1000)(done));
    }
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Parses a duration of Go, such as `1m30s`. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text)
    throw new Error(`time: invalid duration "${text}"`);
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
}
