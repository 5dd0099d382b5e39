import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @typedef {object} Page
 * @property {string} path relative to the repository
 * @property {string} text
 */

/**
 * @typedef {{ readonly language: string, readonly source: string | undefined, readonly code: string
 *   }} Block
 */

/** @param {string} path relative to the repository */
export function readText(path) {
  return readFile(join(ROOT, path), "utf8");
}

/**
 * Every page that readers get: the docs, and what stands beside code.
 *
 * @returns {Promise<Page[]>}
 */
export async function readPages() {
  const docs = await filesUnder("docs", ".md");
  const examples = await filesUnder("examples", "README.md");
  const packages = await readdir(join(ROOT, "packages"));
  const paths = [
    "README.md",
    "CONTRIBUTING.md",
    ...packages.map((name) => `packages/${name}/README.md`),
    ...examples,
    ...docs,
  ];
  return await Promise.all(paths.map(async (path) => ({ path, text: await readText(path) })));
}

/**
 * @param {string} folder relative to the repository
 * @param {string} ending
 * @returns {Promise<string[]>} relative to the repository, sorted
 */
export async function filesUnder(folder, ending) {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .filter((path) => !/(?:^|\/)(?:node_modules|dist)\//.test(path))
    .sort();
}

/**
 * Fenced blocks, each with the file that the comment above it names:
 * `<!-- from examples/two-machines/vitest.config.ts -->`.
 *
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOf(text) {
  return [...text.matchAll(/(?:^<!-- from (\S+) -->\n\n)?^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ([, source, language = "", code = ""]) => ({
      language,
      source,
      code,
    }),
  );
}

/** @param {string} text */
export function headingsOf(text) {
  return [...withoutBlocks(text).matchAll(/^(#+) (.+)$/gm)].map(([, marks = "", title = ""]) => ({
    level: marks.length,
    title,
  }));
}

/**
 * What comes after `#` in a link to a heading, as GitHub makes it.
 *
 * @param {string} title
 */
export function anchorOf(title) {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

/** The line between a table's head and its rows. */
const RULE = /^\|(?: -+ \|)+$/;

/**
 * The rows of all tables of a page, cells trimmed, without their heads.
 *
 * @param {string} text
 * @returns {string[][]}
 */
export function rowsOf(text) {
  const lines = withoutBlocks(text).split("\n");
  return lines.flatMap((line, index) => {
    if (!line.startsWith("|") || RULE.test(line) || RULE.test(lines[index + 1] ?? "")) return [];
    return [
      line
        .slice(1, -1)
        .split(" | ")
        .map((cell) => cell.trim()),
    ];
  });
}

/**
 * What a cell names in code style: `` `a`, `b` `` are two names.
 *
 * @param {string} cell
 * @returns {string[]}
 */
export function namesIn(cell) {
  return [...cell.matchAll(/(`+) ?(.+?) ?\1(?!`)/g)].map(([, , name = ""]) => name);
}

/** @param {string} text */
export function withoutBlocks(text) {
  return text.replace(/^```[\s\S]*?^```$/gm, "");
}
