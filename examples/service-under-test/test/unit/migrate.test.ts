import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PACKAGE } from "../../src/build-package.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tally-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function migrated(before: string): Promise<string> {
  const file = join(folder, "counted");
  await writeFile(file, before);
  execFileSync("sh", [join(PACKAGE, "2.0.0/usr/lib/tally/migrate"), file]);
  return readFile(file, "utf8");
}

test("adds a time field to the counts of 1.0", async () => {
  expect(await migrated("apples\npears\n")).toBe("- apples\n- pears\n");
});

test("leaves the counts of 2.0 unchanged", async () => {
  const both = "- apples\n2026-01-01T00:00:00Z apples\n";
  expect(await migrated(both)).toBe(both);
});

test("does nothing without counts", () => {
  expect(() =>
    execFileSync("sh", [join(PACKAGE, "2.0.0/usr/lib/tally/migrate"), join(folder, "none")]),
  ).not.toThrow();
});
