import type { Clock } from "../../clock/clock.ts";
import { waitFor } from "../../wait/wait-for.ts";

export interface IdleOptions {
  readonly clock: Clock;
  /**
   * Time without a claim after which the run gives its machines back, even when no other run waits.
   */
  readonly idleMs: number;
  /**
   * Time without a claim before other runs count. @defaultValue 5000, because a worker needs less
   * between two files, even when it restarts and transforms a large file
   */
  readonly graceMs?: number;
  readonly signal: AbortSignal;
  /** Whether another run waits for a copy that this run has leased. */
  readonly othersWait: () => Promise<boolean>;
  /** Gives all copies back. */
  readonly rest: () => Promise<void>;
}

/** Detects that a run no longer uses its machines. */
export interface Idle {
  /** Called when a claim asks for machines. */
  disturb(): void;
  /**
   * Called when a claim gave its machines back. `quiet`: no claim has machines now, and none waits.
   */
  watch(quiet: boolean): void;
  /** Resolves when no copy is being released any more. */
  ended(): Promise<void>;
}

const POLL_MS = 1_000;

/**
 * Gives the machines of an idle run back. A run is idle in watch mode, or while another project of
 * the same Vitest runs. An idle run keeps no other run waiting for more than 5 s. When no other run
 * waits it keeps its machines for `idleMs`, so that the next run of the same watcher has them
 * immediately.
 */
export function whenIdle({
  clock,
  idleMs,
  graceMs = 5_000,
  signal,
  othersWait,
  rest,
}: IdleOptions): Idle {
  let waiting = new AbortController();
  let watching: Promise<void> = Promise.resolve();

  const watch = async (idle: AbortSignal): Promise<void> => {
    const start = clock.monotonic();
    await clock.sleep(Math.min(graceMs, idleMs), idle);
    await waitFor({
      what: "another run in the queue",
      timeoutMs: Math.max(0, idleMs - (clock.monotonic() - start)),
      intervalMs: POLL_MS,
      signal: idle,
      clock,
      probe: async () => ((await othersWait()) ? { value: true } : { seen: "no other run" }),
      // No other run came, or Redis does not answer: the run is idle in both cases.
    }).catch(() => idle.throwIfAborted());
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
