import { setTimeout } from "node:timers/promises";

/** Returns what the promise resolves to, or undefined if it takes longer. */
export async function inTime<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController();
  const late = setTimeout(ms, undefined, { ref: false, signal: stop.signal });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
}
