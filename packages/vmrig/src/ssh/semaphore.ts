import pLimit from "p-limit";

/** Admits at most `limit` holders at a time; the others wait in the queue. */
export interface Semaphore {
  /**
   * Resolves with the function that releases the permit.
   *
   * @throws the signal's reason when it aborts while the caller waits in the queue
   */
  take(signal?: AbortSignal): Promise<() => void>;
}

export function createSemaphore(limit: number): Semaphore {
  const run = pLimit(limit);
  return {
    async take(signal) {
      signal?.throwIfAborted();
      const permit = Promise.withResolvers<() => void>();
      const abandon = (): void => permit.reject(signal?.reason);
      signal?.addEventListener("abort", abandon, { once: true });
      // An aborted caller stays in the queue, and takes no permit at its turn.
      void run(async () => {
        signal?.removeEventListener("abort", abandon);
        if (signal?.aborted === true) return;
        const released = Promise.withResolvers<void>();
        permit.resolve(released.resolve);
        await released.promise;
      });
      return await permit.promise;
    },
  };
}
