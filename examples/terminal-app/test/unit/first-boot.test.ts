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

/** Without a terminal keys are only bytes, which is enough to ask what becomes of them. */
async function answersTo(keys: string): Promise<string> {
  execFileSync("bash", [PROGRAM, join(folder, "answers")], {
    input: keys,
    stdio: ["pipe", "ignore", "ignore"],
  });
  return readFile(join(folder, "answers"), "utf8");
}

test("the first role is that of whoever presses Enter", async () => {
  expect(await answersTo("store-1\n\ny")).toBe("name=store-1\nrole=storage\n");
});

test("arrows are known in both of the forms that terminals send", async () => {
  expect(await answersTo("store-1\n\u001b[B\u001bOB\u001b[A\ny")).toBe("name=store-1\nrole=web\n");
});

test("nothing is written when the keys end before it was confirmed", async () => {
  await expect(answersTo("store-1\n\n")).rejects.toThrow("Command failed");
});
