import { expect, test } from "vitest";
import { parseDuration } from "./parse-duration.ts";

test("parses each unit, decimal fractions and a space before the unit", () => {
  expect(
    ["500ms", "30s", "1.5s", "2m", "1h", "0.5h", "2d", "30 s", " 1h ", "0s"].map(parseDuration),
  ).toEqual([500, 30_000, 1_500, 120_000, 3_600_000, 1_800_000, 172_800_000, 30_000, 3_600_000, 0]);
});

test.each([
  "",
  "30",
  "s",
  "-1s",
  "+1s",
  "1w",
  "1H",
  ".5s",
  "1.s",
  "1e3s",
  "1h30m",
  "1  s",
  "constructor",
  `${"9".repeat(400)}s`,
])("%j is not a duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
