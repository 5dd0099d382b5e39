import timersPromises from "node:timers/promises";

/** The timers and clocks of Node.js. */
interface RealTime {
  readonly setTimeout: typeof globalThis.setTimeout;
  readonly clearTimeout: typeof globalThis.clearTimeout;
  readonly setInterval: typeof globalThis.setInterval;
  readonly clearInterval: typeof globalThis.clearInterval;
  readonly setImmediate: typeof globalThis.setImmediate;
  readonly clearImmediate: typeof globalThis.clearImmediate;
  readonly queueMicrotask: typeof globalThis.queueMicrotask;
  readonly performance: typeof globalThis.performance;
  readonly Date: DateConstructor;
}

interface Captured {
  readonly globals: RealTime;
  readonly wall: () => number;
  readonly monotonic: () => number;
  readonly delay: typeof timersPromises.setTimeout;
  readonly nextTurn: typeof timersPromises.setImmediate;
  readonly nextTick: typeof process.nextTick;
}

function capture(): Captured {
  const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = globalThis;
  const { clearImmediate, queueMicrotask, performance, Date } = globalThis;
  return {
    globals: {
      setTimeout,
      clearTimeout,
      setInterval,
      clearInterval,
      setImmediate,
      clearImmediate,
      queueMicrotask,
      performance,
      Date,
    },
    wall: Date.now,
    monotonic: performance.now.bind(performance),
    delay: timersPromises.setTimeout,
    nextTurn: timersPromises.setImmediate,
    nextTick: process.nextTick.bind(process),
  };
}

const KEY = Symbol.for("vmrig.realTime");
const shared = globalThis as { [KEY]?: Captured };

/**
 * The real timers and clocks, captured before a test can replace them: `vi.useFakeTimers()` and
 * sinon replace globals, methods of `process`, and what `node:timers` and `node:timers/promises`
 * export. The adapter's environment loads this module before any setup file or test file. The first
 * capture is kept for the life of the process, because a runner may load this module again later.
 */
export const { globals, wall, monotonic, delay, nextTurn, nextTick } = (shared[KEY] ??= capture());

/**
 * Returns whether a test has replaced `process.nextTick`. The sockets and streams of Node.js call
 * that property, so its real value does not help. `clock` is the mark of @sinonjs/fake-timers, which
 * Vitest, Jest and sinon use. A tool that only observes the calls leaves none.
 */
export function isNextTickFaked(): boolean {
  return "clock" in (Reflect.get(process, "nextTick") as object);
}

/** Creates a `Date` of the real class, from milliseconds since the epoch or from ISO 8601 text. */
export function toDate(point: number | string): Date {
  return new globals.Date(point);
}
