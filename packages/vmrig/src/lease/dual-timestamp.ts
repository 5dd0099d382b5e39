import type { Clock } from "../clock/clock.ts";

/**
 * One instant on both clocks. The monotonic clock cannot be set, but does not advance while a
 * laptop sleeps (Linux). The wall clock advances, but can be set. Of the two distances between two
 * instants, use the one that leaves less time.
 */
export interface DualTimestamp {
  readonly monotonic: number;
  readonly wall: number;
}

export function now(clock: Clock): DualTimestamp {
  return { monotonic: clock.monotonic(), wall: clock.wall() };
}

export function later(moment: DualTimestamp, ms: number): DualTimestamp {
  return { monotonic: moment.monotonic + ms, wall: moment.wall + ms };
}

/**
 * Returns the milliseconds until `moment`, on the clock that reaches it first; negative once it has
 * passed on either.
 */
export function msUntil(moment: DualTimestamp, clock: Clock): number {
  return Math.min(moment.monotonic - clock.monotonic(), moment.wall - clock.wall());
}

/** Returns the milliseconds since `moment`, on the clock that advanced further. */
export function msSince(moment: DualTimestamp, clock: Clock): number {
  return -msUntil(moment, clock);
}
