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
  const queue: Array<() => void> = [];
  let free = limit;

  const release = (): void => {
    const next = queue.shift();
    if (next === undefined) free += 1;
    else next();
  };
  const permit = (): (() => void) => {
    let released = false;
    return () => {
      if (!released) release();
      released = true;
    };
  };

  return {
    async take(signal) {
      signal?.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return permit();
      }
      await new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          signal?.removeEventListener("abort", abandon);
          resolve();
        };
        const abandon = (): void => {
          queue.splice(queue.indexOf(enter), 1);
          reject(signal?.reason);
        };
        queue.push(enter);
        signal?.addEventListener("abort", abandon, { once: true });
      });
      return permit();
    },
  };
}
