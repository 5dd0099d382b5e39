import { expect, test } from "vitest";
import { filesUnder, namesIn, readText, rowsOf } from "./markdown.mjs";

/**
 * A variable of ours where it is read, set or documented in code; words of here-documents and
 * tests' own do not count.
 */
const READ = /\[\s*["'](VMRIG_[A-Z_]+)["']\s*\]/g;
const NAMED = /\bVMRIG_[A-Z_]+\b/g;

const documented = rowsOf(await readText("docs/reference/environment.md")).flatMap(([first = ""]) =>
  namesIn(first),
);

/** @param {RegExp} pattern */
async function find(pattern) {
  const lists = await Promise.all([
    filesUnder("packages", ".ts"),
    filesUnder("scripts", ".mjs"),
    filesUnder("infra", ""),
  ]);
  const files = lists
    .flat()
    .filter(
      (path) =>
        !/\.test\.|\/fixtures\/|^scripts\/docs\//.test(path) &&
        !/^packages\/[^/]+\/(?!src\/)/.test(path),
    );
  const texts = await Promise.all(files.map(readText));
  return new Set(
    texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? match[0])),
  );
}

test("every variable that is read is on the page", async () => {
  const read = [...(await find(READ))];
  expect(read).toContain("VMRIG_HOME");
  expect(documented).toEqual(expect.arrayContaining(read));
});

test("every variable of the page is in the code", async () => {
  const named = await find(NAMED);
  expect(documented.filter((name) => !named.has(name))).toEqual([]);
});
