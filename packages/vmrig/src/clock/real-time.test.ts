import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";
import { nextTurn, toDate } from "./real-time.ts";

const YEAR_2020 = new Date("2020-01-01T00:00:00Z");

// Everything that Vitest can fake in a child process, and the modules of Node.js.
beforeEach(
  () => void vi.useFakeTimers({ now: YEAR_2020, toNotFake: ["nextTick"], fakeNodeBuiltins: true }),
);
afterEach(() => void vi.useRealTimers());

const offBy = (ms: number): number => Math.abs(ms - vi.getRealSystemTime());

test("the wall clock is real while a test fakes its own", () => {
  expect(Date.now()).toBe(YEAR_2020.getTime());
  expect(offBy(systemClock.wall())).toBeLessThan(1_000);
});

test("the monotonic clock and sleeps are real while a test fakes its own", async () => {
  const [fake, real] = [performance.now(), systemClock.monotonic()];
  await systemClock.sleep(20);
  await nextTurn();
  expect(performance.now()).toBe(fake);
  expect(systemClock.monotonic() - real).toBeGreaterThanOrEqual(19);
});

test("a module that is loaded again while timers are faked still has the real ones", async () => {
  vi.resetModules();
  const { systemClock: later } = await import("./clock.ts");
  expect(later).not.toBe(systemClock);
  expect(offBy(later.wall())).toBeLessThan(1_000);
  await later.sleep(1);
});

test("a date is one for the test, too", () => {
  expect(toDate(1_000)).toEqual(new Date(1_000));
  expect(toDate("1970-01-01T00:00:01Z")).toBeInstanceOf(Date);
});
