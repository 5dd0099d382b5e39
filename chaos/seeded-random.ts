import { createHash } from "node:crypto";

/**
 * A stream of numbers that is determined by the seed and the name. Reading one stream does not
 * change another one.
 */
export interface SeededRandom {
  /** Returns a number from 0 up to but excluding 1. */
  readonly next: () => number;
  /** Returns a whole number from `from` to `to`, both included. */
  readonly between: (from: number, to: number) => number;
  readonly chance: (probability: number) => boolean;
  /** Returns one of the names, each as likely as its weight. */
  readonly oneOf: <T extends string>(weights: Readonly<Record<T, number>>) => T;
}

export function seededRandom(seed: number, name: string): SeededRandom {
  let state = createHash("sha256").update(`${seed}/${name}`).digest().readInt32LE();
  // mulberry32 (public domain, Tommy Ettinger): 32 bits of state are plenty for a schedule.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (probability) => next() < probability,
    oneOf(weights) {
      const names = Object.keys(weights) as (keyof typeof weights)[];
      let left = next() * names.reduce((sum, name) => sum + weights[name], 0);
      return names.find((name) => (left -= weights[name]) < 0) as keyof typeof weights;
    },
  };
}
