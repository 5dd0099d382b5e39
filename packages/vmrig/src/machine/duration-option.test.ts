import { expect, test } from "vitest";
import { toMilliseconds } from "./duration-option.ts";

test("accepts milliseconds and text with a unit, as the config does", () => {
  expect([250, 0.5, "500ms", "30s", "1.5s", "2m", "1h", "1d"].map(toMilliseconds)).toEqual([
    250, 0.5, 500, 30_000, 1_500, 120_000, 3_600_000, 86_400_000,
  ]);
});

test.each(["", "30", "s", "-1s", "1w", -5, Number.NaN, Number.POSITIVE_INFINITY])(
  "rejects %s and shows the accepted forms",
  (value) => {
    expect(() => toMilliseconds(value)).toThrow(/is not a duration\.\nhint: write milliseconds/);
  },
);
