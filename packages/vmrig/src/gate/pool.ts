import { VmrigError } from "../errors/vmrig-error.ts";

export interface PoolOptions<T> {
  /** How many this run may hold at once. */
  readonly limit: number;
  /**
   * Gets one more, as long as it takes. `extra` when this run has one already: whoever has none
   * goes first. One call at a time.
   *
   * The signal aborts when nobody here needs another one any more.
   */
  readonly open: (extra: boolean, signal: AbortSignal) => Promise<T>;
  /** One was got that nobody may be waiting for any more. */
  readonly onFree: () => void;
  /** An extra one could not be had; those who wait for it go on waiting for one of the others. */
  readonly onRefused: (error: unknown) => void;
}

/**
 * The copies that a run holds, and who of it waits for one. It gets another one when more ask than
 * it holds, up to its limit; when it cannot get its first, everybody who asks is told.
 */
export interface Pool<T> {
  /**
   * The free ones that are fit go first; in the order of asking.
   *
   * @throws why the first one could not be had, or the signal's reason
   */
  take(signal: AbortSignal): Promise<T>;
  give(item: T): void;
  /** Takes one out, free or not: it was lost, or is not fit. Whoever waits gets another one. */
  discard(item: T): void;
  /** Takes out all that are free. */
  drain(): T[];
  /** Sends those who wait home; who asks later is served again. */
  dismiss(reason: unknown): void;
  /** Those that are nobody's now; the first of them is taken next. */
  readonly free: readonly T[];
  /** Nothing is taken, and nobody waits. */
  readonly quiet: boolean;
  readonly size: number;
  /** Sends those who wait home. @returns what was free, or is when it resolves */
  close(reason: unknown): Promise<T[]>;
}

interface Asker<T> {
  readonly got: PromiseWithResolvers<T>;
}

export function createPool<T>({ limit, open, onFree, onRefused }: PoolOptions<T>): Pool<T> {
  const free: T[] = [];
  const taken = new Set<T>();
  let waiting: Asker<T>[] = [];
  let opening: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  /** An extra one was refused: not again before somebody new asks. */
  let refused = false;
  let closed = false;

  const pump = (): void => {
    while (waiting.length > 0 && free.length > 0) {
      const item = free.shift() as T;
      taken.add(item);
      waiting.shift()?.got.resolve(item);
    }
    if (waiting.length === 0)
      opening?.stop.abort(
        new VmrigError("CANCELLED", { message: "Nobody needs another copy any more." }),
      );
    else if (opening === undefined && !closed && size() < limit && !(refused && size() > 0))
      openOne();
  };
  const size = (): number => free.length + taken.size;
  const dismiss = (reason: unknown): void => {
    for (const { got } of waiting) got.reject(reason);
    waiting = [];
  };

  const openOne = (): void => {
    const stop = new AbortController();
    const extra = size() > 0;
    const done = open(extra, stop.signal).then(
      (item) => {
        opening = undefined;
        free.push(item);
        pump();
        onFree();
      },
      (error: unknown) => {
        opening = undefined;
        if (size() === 0 && !stop.signal.aborted) dismiss(error);
        else if (!stop.signal.aborted) {
          refused = true;
          onRefused(error);
        }
        pump();
      },
    );
    opening = { stop, done };
  };

  return {
    free,
    get quiet() {
      return taken.size === 0 && waiting.length === 0;
    },
    get size() {
      return size();
    },
    async take(signal) {
      signal.throwIfAborted();
      const asker: Asker<T> = { got: Promise.withResolvers() };
      const leave = (): void => {
        waiting = waiting.filter((other) => other !== asker);
        asker.got.reject(signal.reason);
        pump();
      };
      signal.addEventListener("abort", leave, { once: true });
      waiting.push(asker);
      refused = false;
      pump();
      try {
        return await asker.got.promise;
      } finally {
        signal.removeEventListener("abort", leave);
      }
    },
    give(item) {
      if (!taken.delete(item)) return;
      free.push(item);
      pump();
    },
    discard(item) {
      taken.delete(item);
      const index = free.indexOf(item);
      if (index >= 0) free.splice(index, 1);
      pump();
    },
    drain: () => free.splice(0),
    dismiss(reason) {
      dismiss(reason);
      pump();
    },
    async close(reason) {
      closed = true;
      dismiss(reason);
      const left = [...free.splice(0), ...taken];
      taken.clear();
      opening?.stop.abort(reason);
      await opening?.done;
      return [...left, ...free.splice(0)];
    },
  };
}
