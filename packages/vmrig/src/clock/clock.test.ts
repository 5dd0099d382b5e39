import { expect, test } from "vitest";
import { systemClock } from "./clock.ts";

test("sleeps for the given time on the monotonic clock", async () => {
  const start = systemClock.monotonic();
  await systemClock.sleep(20);
  // Node.js counts in whole milliseconds.
  expect(systemClock.monotonic() - start).toBeGreaterThanOrEqual(19);
});

test("a sleep rejects with the reason of its signal, aborted before or during the sleep", async () => {
  const abort = new AbortController();
  const reason = { why: "not an error at all" };
  const sleeping = systemClock.sleep(3_600_000, abort.signal);
  abort.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
  await expect(systemClock.sleep(3_600_000, abort.signal)).rejects.toBe(reason);
});

test("the wall clock counts from the epoch", () => {
  expect(Math.abs(systemClock.wall() - Date.now())).toBeLessThan(1_000);
});
