import type { Clock } from "../clock/clock.ts";

/**
 * One instant on both clocks. The monotonic one cannot be set but stands still while a laptop
 * sleeps (Linux); the wall clock runs on but can be set. Of two moments the distance to trust is
 * the one that leaves us less time.
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
 * Milliseconds until `moment`, on the clock that gets there first; negative once it has passed on
 * either.
 */
export function msUntil(moment: DualTimestamp, clock: Clock): number {
  return Math.min(moment.monotonic - clock.monotonic(), moment.wall - clock.wall());
}

/** Milliseconds since `moment`, on the clock that ran further. */
export function msSince(moment: DualTimestamp, clock: Clock): number {
  return -msUntil(moment, clock);
}
