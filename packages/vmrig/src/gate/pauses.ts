import { systemClock, type Clock } from "../clock/clock.ts";
import type { Claim } from "./claims.ts";
import type { Failure, Paused, PauseListener } from "../protocol/messages.ts";

export interface PausesOptions {
  /** How long one may last. */
  readonly forMs: number;
  /** How many the rig has. */
  readonly copies: number;
  readonly say: (line: string) => void;
  /** Ends them all. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Claims whose machines stay as a failed test left them, for a person to look at, while the test
 * file waits.
 */
export interface Pauses {
  /**
   * Lets the person in, and resolves when somebody has said to go on, when the time is over, or
   * when the claim is.
   */
  begin(claim: Claim, failure: Failure): Promise<void>;
  resume(claim: string): void;
  /** Tells of those that there are, too. @returns stops that */
  listen(listener: PauseListener): () => void;
}

export function createPauses({
  forMs,
  copies,
  say,
  signal,
  clock = systemClock,
}: PausesOptions): Pauses {
  const overs = new Map<string, AbortController>();
  const told = new Map<string, Paused>();
  const listeners = new Set<PauseListener>();
  return {
    async begin({ id, leasedCopy }, failure) {
      const { copy, lease } = leasedCopy;
      const over = new AbortController();
      overs.set(id, over);
      const ends = AbortSignal.any([over.signal, lease.signal, signal]);
      let leave = async (): Promise<void> => {};
      try {
        const letIn = await leasedCopy.letIn(forMs, "at a failed test of a run that is paused");
        ({ leave } = letIn);
        const { until, machines } = letIn;
        const pause = {
          claim: id,
          copy: copy.copy,
          copies,
          machines: [...machines],
          until,
          ...failure,
        };
        told.set(id, pause);
        say(
          `pause    ${copy.copy}: as the failed test left it, until ${new Date(until).toLocaleTimeString("en-GB")}`,
        );
        for (const { paused } of listeners) paused(pause);
        await clock.sleep(forMs, ends).catch(() => {}); // ended before its time
      } finally {
        overs.delete(id);
        told.delete(id);
        for (const { resumed } of listeners) resumed(id);
        await leave();
      }
    },
    resume: (id) => overs.get(id)?.abort(),
    listen(listener) {
      listeners.add(listener);
      for (const pause of told.values()) listener.paused(pause);
      return () => listeners.delete(listener);
    },
  };
}
