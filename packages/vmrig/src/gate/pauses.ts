import { toDate } from "../clock/real-time.ts";
import { systemClock, type Clock } from "../clock/clock.ts";
import type { Claim } from "./claims.ts";
import type { Failure, Paused, PauseListener } from "../protocol/messages.ts";

export interface PausesOptions {
  /** Longest duration of a pause. */
  readonly forMs: number;
  /** Number of copies of the rig. */
  readonly copies: number;
  readonly say: (line: string) => void;
  /** Ends all pauses. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Paused claims: their machines stay as a failed test left them, for a person to inspect, while the
 * test file waits.
 */
export interface Pauses {
  /**
   * Lets the person log in. Resolves when the person resumes the claim, when the time is over, or
   * when the claim ends.
   */
  begin(claim: Claim, failure: Failure): Promise<void>;
  resume(claim: string): void;
  /**
   * Reports pauses, including those that have already begun.
   *
   * @returns a function that stops the calls
   */
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
  const active = new Map<string, Paused>();
  const listeners = new Set<PauseListener>();
  return {
    async begin({ id, leasedCopy }, failure) {
      const { copy, lease } = leasedCopy;
      const over = new AbortController();
      overs.set(id, over);
      const ends = AbortSignal.any([over.signal, lease.signal, signal]);
      let leave = async (): Promise<void> => {};
      try {
        const login = await leasedCopy.allowLogin(
          forMs,
          "at a failed test of a run that is paused",
        );
        ({ leave } = login);
        const { until, machines } = login;
        const pause = {
          claim: id,
          copy: copy.copy,
          copies,
          machines: [...machines],
          until,
          ...failure,
        };
        active.set(id, pause);
        say(
          `pause    ${copy.copy}: stays as the failed test left it until ${toDate(until).toLocaleTimeString("en-GB")}`,
        );
        for (const { paused } of listeners) paused(pause);
        await clock.sleep(forMs, ends).catch(() => {}); // ended before its time
      } finally {
        overs.delete(id);
        active.delete(id);
        for (const { resumed } of listeners) resumed(id);
        await leave();
      }
    },
    resume: (id) => overs.get(id)?.abort(),
    listen(listener) {
      listeners.add(listener);
      for (const pause of active.values()) listener.paused(pause);
      return () => listeners.delete(listener);
    },
  };
}
