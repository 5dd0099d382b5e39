import { expect, test } from "vitest";
import { formatDuration } from "./format-duration.ts";

test.each([
  [-5, "0.0 s"],
  [440, "0.4 s"],
  [9949, "9.9 s"],
  [9990, "10 s"],
  [119_000, "119 s"],
  [2_460_000, "41 min"],
  [11_520_000, "3.2 h"],
])("%d ms reads %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
