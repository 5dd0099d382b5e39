import { expect, test } from "vitest";
import { milliseconds } from "./duration.ts";

test("reads milliseconds and text with a unit", () => {
  expect([250, 0.5, "500ms", "30s", "1.5s", "2m"].map(milliseconds)).toEqual([250, 0.5, 500, 30_000, 1500, 120_000]);
});

test.each(["", "30", "s", "-1s", "1h", -5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %s and says what to write", (value) => {
  expect(() => milliseconds(value)).toThrow(/is not a duration\.\nhint: write milliseconds/);
});
