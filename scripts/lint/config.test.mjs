import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CONFIG } from "./config.mjs";
import { LAYERS } from "./layers.mjs";

const file = (/** @type {string} */ name) =>
  readFile(new URL(`../../${name}`, import.meta.url), "utf8");

test(".oxlintrc.json is what scripts/lint/config.mjs generates", async () => {
  expect(JSON.parse(await file(".oxlintrc.json"))).toEqual(JSON.parse(JSON.stringify(CONFIG)));
});

test("CONTRIBUTING.md lists the layers in the linter's order", async () => {
  const [, list = ""] =
    /before it in this list:\s+```\w*\n([^`]+)```/.exec(await file("CONTRIBUTING.md")) ?? [];
  expect(
    list
      .trim()
      .split(/\s+→\s+|\s+/)
      .filter((word) => word !== "→"),
  ).toEqual(LAYERS);
});
