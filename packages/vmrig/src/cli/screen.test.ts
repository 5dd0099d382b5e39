import { expect, test } from "vitest";
import { fit } from "./screen.ts";

test("a text that fits is shown unchanged", () => {
  expect(fit("one\n\nthree\n", { columns: 5, rows: 3 })).toEqual(["one", "", "three"]);
});

test("a long line is cut at the edge, and the last row counts the hidden lines", () => {
  expect(fit("one\ntwo\nthree\nfour\n", { columns: 4, rows: 4 })).toEqual([
    "one",
    "two",
    "thre",
    "four",
  ]);
  expect(fit("one\ntwo\nthree\nfour\n", { columns: 80, rows: 3 })).toEqual([
    "one",
    "two",
    "… 2 more lines: this terminal has 3 rows",
  ]);
});

test("a terminal of unknown size gets all lines", () => {
  expect(fit("one\ntwo\n", { columns: 0, rows: 0 })).toEqual(["one", "two"]);
});
