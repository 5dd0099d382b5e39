import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findPackageManager } from "./package-manager.ts";

/** Creates the files of a project in `app/`, and returns its commands for `vmrig doctor`. */
async function commandsFor(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, "app"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const { install, run } = await findPackageManager(join(root, "app"));
  return [install, run("vmrig", "doctor")];
}

const named = (packageManager: string): string => JSON.stringify({ packageManager });

test.each([
  ["package-lock.json", ["npm install", "npx vmrig doctor"]],
  ["pnpm-lock.yaml", ["pnpm install", "pnpm exec vmrig doctor"]],
  ["yarn.lock", ["yarn install", "yarn run vmrig doctor"]],
  ["bun.lock", ["bun install", "bun x vmrig doctor"]],
  ["bun.lockb", ["bun install", "bun x vmrig doctor"]],
])("%s selects the package manager, here or in a parent folder", async (lockfile, commands) => {
  expect(await commandsFor({ [`app/${lockfile}`]: "" })).toEqual(commands);
  expect(await commandsFor({ [lockfile]: "", "app/package.json": "{}" })).toEqual(commands);
});

test("package.json names the package manager, and decides over a lockfile beside it", async () => {
  const pnpm = ["pnpm install", "pnpm exec vmrig doctor"];
  expect(await commandsFor({ "app/package.json": named("pnpm@11.0.0") })).toEqual(pnpm);
  expect(await commandsFor({ "package.json": named("pnpm@11.0.0") })).toEqual(pnpm);
  expect(
    await commandsFor({ "app/package.json": named("pnpm@11.0.0"), "app/package-lock.json": "" }),
  ).toEqual(pnpm);
});

test("Yarn has one command for all its versions", async () => {
  for (const version of ["1.22.22", "4.9.0"])
    expect(await commandsFor({ "app/package.json": named(`yarn@${version}`) })).toEqual([
      "yarn install",
      "yarn run vmrig doctor",
    ]);
});

test.each([
  ["an empty folder", {}],
  ["an unknown package manager", { "app/package.json": named("other@1.0.0") }],
  ["an invalid package.json", { "app/package.json": "{" }],
])("%s gets the commands of npm", async (_, files) => {
  expect(await commandsFor(files)).toEqual(["npm install", "npx vmrig doctor"]);
});
