import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../src/first-boot", import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "first-boot-"));
});
afterEach(() => rm(folder, { recursive: true }));

/**
 * Runs the program without a terminal. Keys are then plain bytes, which is enough to test how the
 * program handles them.
 */
async function answersTo(keys: string): Promise<string> {
  execFileSync("bash", [PROGRAM, join(folder, "answers")], {
    input: keys,
    stdio: ["pipe", "ignore", "ignore"],
  });
  return readFile(join(folder, "answers"), "utf8");
}

test("Enter selects the first role", async () => {
  expect(await answersTo("store-1\n\ny")).toBe("name=store-1\nrole=storage\n");
});

test("recognises arrow keys in both forms that terminals send", async () => {
  expect(await answersTo("store-1\n\u001b[B\u001bOB\u001b[A\ny")).toBe("name=store-1\nrole=web\n");
});

test("writes nothing when the input ends before the confirmation", async () => {
  await expect(answersTo("store-1\n\n")).rejects.toThrow("Command failed");
});
