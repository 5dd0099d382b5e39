/** Hands a turn to one at a time, in the order of asking. Whoever gets it must call what it got, to hand it on. */
export function oneAtATime(): (signal: AbortSignal) => Promise<() => void> {
  let last: Promise<void> = Promise.resolve();
  return async (signal) => {
    signal.throwIfAborted();
    const before = last;
    const mine = Promise.withResolvers<void>();
    last = before.then(() => mine.promise);
    const stop = Promise.withResolvers<never>();
    const onAbort = (): void => stop.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([before, stop.promise]);
    } catch (error) {
      mine.resolve();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      stop.promise.catch(() => {});
    }
    return mine.resolve;
  };
}
