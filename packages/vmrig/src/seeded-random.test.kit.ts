import { randomInt } from "node:crypto";
import { onTestFailed } from "vitest";

export interface SeededRandom {
  /** Returns a number from 0 up to but excluding 1. */
  next(): number;
  /** Returns a whole number from 0 up to but excluding the limit. */
  below(limit: number): number;
  bytes(count: number): Buffer;
}

/**
 * Returns random numbers for the running test. When the test fails, its error names their seed.
 * With `VMRIG_TEST_SEED` set to that seed, the test gets the same numbers again.
 */
export function seededRandom(): SeededRandom {
  const seed = Number(process.env["VMRIG_TEST_SEED"] ?? randomInt(2 ** 31));
  if (!Number.isInteger(seed)) throw new Error("VMRIG_TEST_SEED must be a whole number.");
  onTestFailed(({ task }) => {
    for (const error of task.result?.errors ?? [])
      error.message += `\nseed: ${seed} (run again with VMRIG_TEST_SEED=${seed})`;
  });
  // mulberry32 (public domain, Tommy Ettinger), as in chaos/seeded-random.ts, which cannot import
  // a file that no package publishes.
  let state = seed;
  const bits = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = (): number => bits() / 2 ** 32;
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    // Four bytes a draw: 64 MiB take 0.4 s, and 2.5 s with one draw a byte through
    // `Uint8Array.from`.
    bytes: (count) => Buffer.from(new Uint32Array(Math.ceil(count / 4)).map(bits).buffer, 0, count),
  };
}
