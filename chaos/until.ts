import { setTimeout as sleep } from "node:timers/promises";

/**
 * Looks again and again, until there is something to see.
 *
 * @returns nothing when there was nothing until the end
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
