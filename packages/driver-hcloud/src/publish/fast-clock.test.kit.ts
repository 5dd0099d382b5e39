import { systemClock, type Clock } from "vmrig/driver";

/** Longer sleeps are deadlines. */
const LONGEST_PAUSE_MS = 61_000;

/** A clock whose pauses are a fiftieth of their length, for actions of the double. */
export const fastClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms > LONGEST_PAUSE_MS ? ms : ms / 50, signal),
};
