import { setTimeout as sleep } from "node:timers/promises";

/**
 * Calls `look` repeatedly until it returns a value.
 *
 * @returns the value, or undefined after the time limit
 */
export async function until<T>(
  timeoutMs: number,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T | undefined> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined || performance.now() >= end) return seen;
    await sleep(20);
  }
}
