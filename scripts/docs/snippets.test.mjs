import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { blocksOf, readPages, readText, ROOT } from "./markdown.mjs";
import { isPartOf } from "./snippets.mjs";

const pages = await readPages();
const sourced = pages.flatMap(({ path, text }) =>
  blocksOf(text).flatMap(({ source, code }) =>
    source === undefined ? [] : [{ path, source, code, first: code.split("\n")[0] }],
  ),
);

test.each(sourced)(
  "$path: the snippet that begins with '$first' stands in $source",
  async ({ source, code }) => {
    expect(existsSync(join(ROOT, source)), `${source} does not exist`).toBe(true);
    expect(isPartOf(code, await readText(source)), code).toBe(true);
  },
);

test("every comment that names a source has its snippet right below", () => {
  const comments = pages.flatMap(({ text }) =>
    [...text.matchAll(/^<!-- from (\S+) -->$/gm)].map(([, source]) => source),
  );
  expect(comments.length).toBeGreaterThan(5);
  expect(sourced.map(({ source }) => source)).toEqual(comments);
});

test("no page shows TypeScript but of tested files", () => {
  const strangers = pages.flatMap(({ path, text }) =>
    blocksOf(text)
      .filter(({ language, source }) => language === "ts" && source === undefined)
      .map(({ code }) => `${path}: ${code}`),
  );
  expect(strangers).toEqual([]);
});

describe("a snippet is a part of a file", () => {
  const source = "a\nif (b) {\n  c\n\n  d\n}\ne\n";

  test.each([
    ["whole lines of it", "a\nif (b) {\n", true],
    ["lines without their indentation", "c\n\nd\n", true],
    ["with something left out", "a\n// …\n  d\n}\n", true],
    ["not in another order", "e\n// …\na\n", false],
    ["not when a line differs", "c\nx\n", false],
    ["not when a line is missing", "a\nif (b) {\n  d\n", false],
  ])("%s", (_title, snippet, expected) => {
    expect(isPartOf(snippet, source)).toBe(expected);
  });

  test.each([
    ["a part of a name", "lease();", "await release();"],
    ["a part of a number", "timeout: 10", "timeout: 100_000"],
    ["another white space in a string", 'echo("a b");', 'echo("ab");'],
  ])("not with %s", (_title, snippet, whole) => {
    expect(isPartOf(snippet, whole)).toBe(false);
  });
});
