import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * @param {string} yaml text of pnpm-workspace.yaml
 * @returns {string[]} its `packages:`, for example `packages/*` and `bench`
 */
export function workspacePatterns(yaml) {
  const block = /^packages:\n((?:[ \t]+-.*\n|\s*#.*\n)+)/m.exec(`${yaml}\n`)?.[1] ?? "";
  return [...block.matchAll(/^[ \t]+-[ \t]*["']?([^"'\s#]+)/gm)].map((match) => match[1] ?? "");
}

/**
 * Returns every package.json of the workspace, the root's first. Supports only the two forms of
 * pattern that this workspace uses: `folder` and `folder/*`.
 *
 * @param {string} root
 * @returns {Promise<string[]>} relative to the root, sorted
 */
export async function manifests(root) {
  const patterns = workspacePatterns(await readFile(join(root, "pnpm-workspace.yaml"), "utf8"));
  const folders = await Promise.all(patterns.map((pattern) => children(root, pattern)));
  const found = folders.flat().map((folder) => `${folder}/package.json`);
  return ["package.json", ...found.filter((file) => existsSync(join(root, file))).sort()];
}

/**
 * @param {string} root
 * @param {string} pattern
 */
async function children(root, pattern) {
  if (!pattern.endsWith("/*")) return [pattern];
  const folder = dirname(pattern);
  const entries = existsSync(join(root, folder))
    ? await readdir(join(root, folder), { withFileTypes: true })
    : [];
  return entries.filter((entry) => entry.isDirectory()).map((entry) => `${folder}/${entry.name}`);
}
