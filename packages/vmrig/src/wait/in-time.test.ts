import { expect, test } from "vitest";
import { systemClock } from "../clock/clock.ts";
import { inTime } from "./in-time.ts";

const late = (): Error => new Error("too late");

test("settles as the work does before the deadline, and leaves no timer behind", async () => {
  const timers: AbortSignal[] = [];
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => (
      timers.push(signal as AbortSignal),
      systemClock.sleep(ms, signal)
    ),
  };
  expect(await inTime(Promise.resolve(1), { timeoutMs: 60_000, late, clock })).toBe(1);
  await expect(
    inTime(Promise.reject(new Error("no")), { timeoutMs: 60_000, late, clock }),
  ).rejects.toThrow("no");
  expect(timers.map(({ aborted }) => aborted)).toEqual([true, true]);
});

test("rejects at the deadline, and ignores a later outcome", async () => {
  const work = Promise.withResolvers<number>();
  await expect(inTime(work.promise, { timeoutMs: 1, late })).rejects.toThrow("too late");
  work.reject(new Error("much later"));
});
