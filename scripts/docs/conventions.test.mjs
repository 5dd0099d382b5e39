import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LAYERS } from "../lint/layers.mjs";
import { filesUnder, readText, ROOT } from "./markdown.mjs";

test("the README has at most 120 lines, an ADR at most a page", async () => {
  const lines = async (/** @type {string} */ path) => (await readText(path)).split("\n").length - 1;
  expect(await lines("README.md")).toBeLessThanOrEqual(120);
  for (const adr of await filesUnder("docs/adr", ".md"))
    expect(await lines(adr), adr).toBeLessThanOrEqual(60);
});

test("the linter's layers are the folders of the package vmrig, and no other", async () => {
  const entries = await readdir(join(ROOT, "packages/vmrig/src"), { withFileTypes: true });
  expect(LAYERS.toSorted()).toEqual(
    entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted(),
  );
});
