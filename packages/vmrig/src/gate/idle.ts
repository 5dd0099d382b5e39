import type { Clock } from "../clock/clock.ts";
import { waitFor } from "../wait/wait-for.ts";

export interface IdleOptions {
  readonly clock: Clock;
  /** After so long without a claim the run rests, whether anybody waits or not. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /** Whether somebody else waits for what this run holds. */
  readonly othersWait: () => Promise<boolean>;
  /** Gives everything back. */
  readonly rest: () => Promise<void>;
}

/** Notices when a run needs its machines no more. */
export interface Idle {
  /** Somebody asked for machines. */
  disturb(): void;
  /** Somebody gave them back. `quiet` when nobody has any now, and nobody asks. */
  watch(quiet: boolean): void;
  /** Resolves when nothing is given back any more. */
  ended(): Promise<void>;
}

/**
 * A worker goes from one file to the next in less, also when it starts anew and transforms a large
 * file.
 */
const GRACE_MS = 5_000;

/**
 * A run that stands still, in watch mode or because another project of the same Vitest has its
 * turn, keeps nobody waiting for longer than 5 s. When nobody waits it keeps its machines for
 * `idleMs`, so that the next run of the same watcher has them at once.
 */
export function whenIdle({ clock, idleMs, signal, othersWait, rest }: IdleOptions): Idle {
  let waiting = new AbortController();
  let watching: Promise<void> = Promise.resolve();

  const watch = async (calm: AbortSignal): Promise<void> => {
    const start = clock.monotonic();
    await clock.sleep(Math.min(GRACE_MS, idleMs), calm);
    await waitFor({
      what: "somebody else in line",
      timeoutMs: Math.max(0, idleMs - (clock.monotonic() - start)),
      intervalMs: GRACE_MS / 5,
      signal: calm,
      clock,
      probe: async () => ((await othersWait()) ? { value: true } : { seen: "nobody" }),
    }).catch(() => calm.throwIfAborted()); // nobody came, or Redis does not answer: idle all the same
    await rest();
  };

  return {
    disturb: () => waiting.abort(),
    watch(quiet) {
      waiting.abort();
      if (!quiet || signal.aborted) return;
      waiting = new AbortController();
      watching = watch(AbortSignal.any([waiting.signal, signal])).catch(() => {});
    },
    ended: () => watching,
  };
}
