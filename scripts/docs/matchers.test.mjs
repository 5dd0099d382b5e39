import { expect, test } from "vitest";
import { MATCHERS } from "../../packages/vmrig/src/matchers/matchers.ts";
import { namesIn, readText, rowsOf } from "./markdown.mjs";

const text = await readText("docs/reference/matchers.md");

/** Matcher, its signature, and the kinds of subjects that the page names. */
const rows = rowsOf(text).flatMap(([matcher = "", of = ""]) => {
  const [, name, argument = ""] = /^(to\w+)\((\w*)\)$/.exec(namesIn(matcher)[0] ?? "") ?? [];
  return name === undefined ? [] : [{ name, argument, of: of.split(", ") }];
});

test("every matcher has its row, with what it is about and whether it takes a value, and nothing else has", () => {
  const known = Object.entries(MATCHERS).map(([name, { about, takes }]) => ({
    name,
    takes,
    of: [...about],
  }));
  const documented = rows.map(({ name, argument, of }) => ({
    name,
    takes: argument === "" ? "nothing" : "a value",
    of,
  }));
  expect(documented.toSorted(byName)).toEqual(known.toSorted(byName));
});

/** @param {{ readonly name: string }} one @param {{ readonly name: string }} other */
function byName(one, other) {
  return one.name.localeCompare(other.name);
}
