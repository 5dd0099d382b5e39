import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import type { Machine } from "../../machine.ts";
import { useTwoSides } from "../two-sides.test.kit.ts";
import type { TransferEntry } from "./transfer-options.ts";

let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ pc1, there, here } = sides));

async function makeProject(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const project = join(here, name);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), content);
  }
  return project;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const { stdout } = await pc1.$`cd ${folder} && find . -type f -o -type d -empty | sort`;
  return stdout.split("\n").map((path) => path.slice(2));
}

const PROJECT = {
  "src/main.ts": "main",
  "src/debug.log": "log",
  "src/dist/kept": "kept",
  "dist/app.js": "app",
  "node_modules/a/index.js": "a",
  "packages/b/node_modules/c/index.js": "c",
  "packages/b/b.ts": "b",
  ".git/index": "index",
  "[x]": "brackets",
};

test("`exclude` leaves files and folders out, by name or by path", async () => {
  const project = await makeProject("excluding", PROJECT);
  const exclude = ["node_modules", "*.log", ".git/", "/dist"];
  const result = await pc1.upload(project, `${there}/excluding`, { exclude });
  expect(await filesIn(`${there}/excluding`)).toEqual([
    "[x]",
    "packages/b/b.ts",
    "src/dist/kept",
    "src/main.ts",
  ]);
  expect(result).toEqual({ files: 4, bytes: 17, leftOut: [], changed: [] });
  await pc1.upload(project, `${there}/excluding-2`, { exclude: "{src,packages}/**" });
  expect(await filesIn(`${there}/excluding-2`)).toEqual([
    ".git/index",
    "[x]",
    "dist/app.js",
    "node_modules/a/index.js",
    "packages",
    "src",
  ]);
});

test("an exclusion that cannot match anything is rejected", async () => {
  const project = await makeProject("excluding-nothing", { a: "a" });
  for (const exclude of ["", "./", "../a", "a/../b"])
    await expect(pc1.upload(project, `${there}/x`, { exclude })).rejects.toMatchObject({
      code: "COMMAND_INVALID",
      summary: `The pattern ${JSON.stringify(exclude)} in \`exclude\` cannot match anything below the copied folder.`,
    });
});

test("`ignoreFile` leaves out what the ignore files list, as git does", async () => {
  const project = await makeProject("ignoring", {
    ...PROJECT,
    ".gitignore": "# built\n/dist/\nnode_modules/\n*.log\n",
    "src/.gitignore": "!debug.log\n/main.*\n",
    "src/Main.ts": "case counts",
    "src/dist/.gitignore/folder": "not an ignore file",
  });
  await pc1.upload(project, `${there}/ignoring`, { ignoreFile: ".gitignore", exclude: ".git" });
  expect(await filesIn(`${there}/ignoring`)).toEqual(
    [
      ".gitignore",
      "[x]",
      "packages/b/b.ts",
      "src/.gitignore",
      "src/Main.ts",
      "src/debug.log",
      "src/dist/.gitignore/folder",
      "src/dist/kept",
    ].toSorted(),
  );
  await expect(pc1.upload(project, `${there}/x`, { ignoreFile: ".gitignor" })).rejects.toThrow(
    `Cannot upload ${project}: it contains no ignore file .gitignor.`,
  );
  await expect(
    pc1.upload(project, `${there}/x`, { ignoreFile: "src/.gitignore" }),
  ).rejects.toMatchObject({ code: "COMMAND_INVALID" });
});

test("`filter` chooses files, and folders with their content", async () => {
  const project = await makeProject("filtering", PROJECT);
  const seen: TransferEntry[] = [];
  const filter = (entry: TransferEntry): boolean => {
    seen.push(entry);
    return entry.type === "folder" ? !entry.path.endsWith("node_modules") : entry.bytes === 4;
  };
  await pc1.upload(project, `${there}/filtering`, { filter });
  expect(await filesIn(`${there}/filtering`)).toEqual(
    ["dist", "packages/b", "src/dist/kept", "src/main.ts"].concat([".git"]).toSorted(),
  );
  expect(seen.find(({ path }) => path === "src/main.ts")).toMatchObject({
    type: "file",
    bytes: 4,
    mode: expect.any(Number),
    modified: expect.any(Date),
  });
  expect(seen.map(({ path }) => path)).not.toContain("node_modules/a");
  await expect(
    pc1.upload(project, `${there}/x`, { filter: (async () => false) as unknown as () => boolean }),
  ).rejects.toThrow(/The filter returned a promise for .+, not a boolean\./);
});
