/** Lets at most `limit` holders in at a time; the others wait in line. */
export interface Semaphore {
  /**
   * Resolves with the function that gives the turn back.
   *
   * @throws the signal's reason when it aborts while in line
   */
  take(signal?: AbortSignal): Promise<() => void>;
}

export function createSemaphore(limit: number): Semaphore {
  const line: Array<() => void> = [];
  let free = limit;

  const giveBack = (): void => {
    const next = line.shift();
    if (next === undefined) free += 1;
    else next();
  };
  const turn = (): (() => void) => {
    let given = false;
    return () => {
      if (!given) giveBack();
      given = true;
    };
  };

  return {
    async take(signal) {
      signal?.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return turn();
      }
      await new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          signal?.removeEventListener("abort", leave);
          resolve();
        };
        const leave = (): void => {
          line.splice(line.indexOf(enter), 1);
          reject(signal?.reason);
        };
        line.push(enter);
        signal?.addEventListener("abort", leave, { once: true });
      });
      return turn();
    },
  };
}
