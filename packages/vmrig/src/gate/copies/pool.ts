import { VmrigError } from "../../errors/vmrig-error.ts";

export interface PoolOptions<T> {
  /** Number of copies that this run may have at the same time. */
  readonly limit: number;
  /**
   * Leases one more copy, without a deadline. `extra`: this run has one already, so runs without
   * one go first. One call at a time. The signal aborts when no claim needs another copy any more.
   * `onLeased` is called when the copy is leased: its machines may take minutes from then on.
   */
  readonly open: (extra: boolean, signal: AbortSignal, onLeased: () => void) => Promise<T>;
  /** Called when a copy arrives that may no longer be needed. */
  readonly onFree: () => void;
  /**
   * Called when an extra copy could not be leased. The waiting claims go on waiting for one of the
   * others.
   */
  readonly onRefused: (error: unknown) => void;
}

/**
 * The copies of a run, and the claims that wait for one. The pool leases another copy when more
 * claims wait than it has copies, up to its limit. When it cannot lease its first copy, every
 * waiting claim gets the error.
 */
export interface Pool<T> {
  /**
   * Takes a copy. Free copies that are fit go first, to the claims in the order of asking.
   *
   * @throws the reason why the first copy could not be leased, or the signal's reason
   */
  take(signal: AbortSignal): Promise<T>;
  give(item: T): void;
  /** Removes a copy, free or not, that was lost or is not fit. Waiting claims get another one. */
  discard(item: T): void;
  /**
   * Removes a copy that goes to another run, and resolves when `leave` has. Until then the pool does
   * not ask for another copy. `asks`: this run waits in the queue for one more copy. It leaves the
   * queue first, because it could get this very copy back. It does not wait for the machines of a
   * copy that it has leased meanwhile.
   */
  giveUp(item: T, leave: () => Promise<void>, asks: boolean): Promise<void>;
  /** Number of copies that are being given up. */
  readonly leaving: number;
  /** Removes all free copies. */
  drain(): T[];
  /** Rejects all waiting claims. Later claims are served again. */
  dismiss(reason: unknown): void;
  /** Copies that are free. The next claim takes the first one. */
  readonly free: readonly T[];
  /** Whether no copy is taken and no claim waits. */
  readonly quiet: boolean;
  readonly size: number;
  /** Rejects all waiting claims. @returns the copies that are free when it resolves */
  close(reason: unknown): Promise<T[]>;
}

interface Asker<T> {
  readonly got: PromiseWithResolvers<T>;
}

/** A call of `open` that is under way. */
interface Opening {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  /** Whether the copy is leased, and its machines are being made ready. */
  readonly isLeased: () => boolean;
  /** Resolves when the call no longer waits in the queue. */
  readonly leftQueue: Promise<void>;
}

export function createPool<T>({ limit, open, onFree, onRefused }: PoolOptions<T>): Pool<T> {
  const free: T[] = [];
  const taken = new Set<T>();
  let waiting: Asker<T>[] = [];
  let opening: Opening | undefined;
  /** An extra copy was refused. The pool tries again when a new claim comes. */
  let refused = false;
  let leaving = 0;
  let closed = false;

  const pump = (): void => {
    while (waiting.length > 0 && free.length > 0) {
      const item = free.shift() as T;
      taken.add(item);
      waiting.shift()?.got.resolve(item);
    }
    if (waiting.length === 0)
      opening?.stop.abort(
        new VmrigError("CANCELLED", { message: "The run no longer needs another copy." }),
      );
    else if (mayOpen()) openOne();
  };
  const mayOpen = (): boolean =>
    opening === undefined && !closed && leaving === 0 && size() < limit && !(refused && size() > 0);
  const size = (): number => free.length + taken.size;
  const remove = (item: T): void => {
    taken.delete(item);
    const index = free.indexOf(item);
    if (index >= 0) free.splice(index, 1);
  };
  const dismiss = (reason: unknown): void => {
    for (const { got } of waiting) got.reject(reason);
    waiting = [];
  };

  const openOne = (): void => {
    const stop = new AbortController();
    const extra = size() > 0;
    let isLeased = false;
    const leased = Promise.withResolvers<void>();
    const onLeased = (): void => {
      isLeased = true;
      leased.resolve();
    };
    const done = open(extra, stop.signal, onLeased).then(
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
    const leftQueue = Promise.race([leased.promise, done]);
    opening = { stop, done, isLeased: () => isLeased, leftQueue };
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
      remove(item);
      pump();
    },
    async giveUp(item, leave, asks) {
      leaving += 1;
      remove(item);
      try {
        if (asks && opening?.isLeased() === false) {
          opening.stop.abort(
            new VmrigError("CANCELLED", { message: "The run gives a copy to another run." }),
          );
          await opening.leftQueue;
        }
        await leave();
      } finally {
        leaving -= 1;
        pump();
      }
    },
    get leaving() {
      return leaving;
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
