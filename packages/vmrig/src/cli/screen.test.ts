import { expect, test } from "vitest";
import { fit } from "./screen.ts";

test("a text that fits is shown as it is", () => {
  expect(fit("one\n\nthree\n", { columns: 5, rows: 3 })).toEqual(["one", "", "three"]);
});

test("a line that is too long ends at the edge, and the last row tells how many lines there is no room for", () => {
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

test("a terminal that does not know its size is shown everything", () => {
  expect(fit("one\ntwo\n", { columns: 0, rows: 0 })).toEqual(["one", "two"]);
});
