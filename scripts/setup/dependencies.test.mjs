import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dependencyStamp, isInstalled } from "./dependencies.mjs";
import { manifests, workspacePatterns } from "./workspace.mjs";

/** @type {string} */
let root;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  await write(
    "pnpm-workspace.yaml",
    "packages:\n  - packages/*\n  - bench\n\ncatalog:\n  a: 1.0.0\n",
  );
  await write("pnpm-lock.yaml", "lock");
  await write("package.json", '{ "devDependencies": { "a": "catalog:" } }');
  await write("packages/one/package.json", '{ "dependencies": { "a": "catalog:" } }');
  await write("packages/two/package.json", "{}");
  await write("bench/package.json", "{}");
});
afterEach(() => rm(root, { recursive: true, force: true }));

/**
 * @param {string} file
 * @param {string} text
 */
async function write(file, text) {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

test("reads the workspace's patterns in every YAML form", () => {
  expect(
    workspacePatterns(
      "packages:\n  - packages/*\n  - 'examples/*' # all\n  - \"bench\"\ncatalog:\n  - no\n",
    ),
  ).toEqual(["packages/*", "examples/*", "bench"]);
  expect(workspacePatterns("packages:\n  - last/*")).toEqual(["last/*"]);
  expect(workspacePatterns("catalog: {}\n")).toEqual([]);
});

test("finds every manifest of the workspace, and no folder without one", async () => {
  await mkdir(join(root, "packages/empty"));
  expect(await manifests(root)).toEqual([
    "package.json",
    "bench/package.json",
    "packages/one/package.json",
    "packages/two/package.json",
  ]);
});

test.each(["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", "packages/one/package.json"])(
  "a change of %s requires a new installation",
  async (file) => {
    const before = await dependencyStamp(root);
    expect(await dependencyStamp(root)).toBe(before);
    await write(
      file,
      `${file === "pnpm-workspace.yaml" ? "packages:\n  - packages/*\n  - bench\n" : "{}"} `,
    );
    expect(await dependencyStamp(root)).not.toBe(before);
  },
);

test("counts as installed when the stamp matches and every package with dependencies has its node_modules", async () => {
  const stamp = await dependencyStamp(root);
  expect(await isInstalled(root, stamp)).toBe(false);
  await write("node_modules/.vmrig-installed", stamp);
  expect(await isInstalled(root, stamp)).toBe(false);
  await mkdir(join(root, "packages/one/node_modules"));
  expect(await isInstalled(root, stamp)).toBe(true);
  expect(await isInstalled(root, "another")).toBe(false);
});
