import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { anchorOf, headingsOf, readPages, readText, ROOT, withoutBlocks } from "./markdown.mjs";

const pages = await readPages();
const links = pages.flatMap(({ path, text }) =>
  [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^https?:/.test(target))
    .map((target) => ({ path, target })),
);

test("every link inside of this repository leads to a file, and to a heading of it", async () => {
  const broken = await Promise.all(
    links.map(async ({ path, target }) => {
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(ROOT, to))) return [`${path}: ${target}`];
      if (anchor === undefined) return [];
      const anchors = headingsOf(await readText(to)).map(({ title }) => anchorOf(title));
      return anchors.includes(anchor) ? [] : [`${path}: ${target}`];
    }),
  );
  expect(links.length).toBeGreaterThan(50);
  expect(broken.flat()).toEqual([]);
});

test("every page of the docs is in their index", () => {
  const listed = links
    .filter(({ path }) => path === "docs/README.md")
    .map(({ target }) => `docs/${target}`);
  const there = pages
    .map(({ path }) => path)
    .filter((path) => path.startsWith("docs/") && path !== "docs/README.md");
  expect(listed.toSorted()).toEqual(there.toSorted());
});
