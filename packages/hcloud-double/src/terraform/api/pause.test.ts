import { expect, test } from "vitest";
import { growingPause, parseDuration, randomPause } from "./pause.ts";

test("parses durations as Go writes them, and nothing else", () => {
  expect(["500ms", "1s", "1m30s", "1.5h"].map(parseDuration)).toEqual([
    500, 1000, 90_000, 5_400_000,
  ]);
  for (const text of ["", "5", "s", "1 s", "1d"])
    expect(() => parseDuration(text)).toThrow("invalid duration");
});

test("pauses double up to a minute, and the random ones lie between that and a second", () => {
  expect([0, 1, 2, 10].map(growingPause(500))).toEqual([500, 1000, 2000, 60_000]);
  expect(randomPause(0)).toBe(1000);
  for (const tries of [1, 2, 3]) {
    expect(randomPause(tries)).toBeGreaterThanOrEqual(1000);
    expect(randomPause(tries)).toBeLessThanOrEqual(1000 * 2 ** tries);
  }
});
