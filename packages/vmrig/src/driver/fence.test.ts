import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { passFence } from "./fence.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

async function register(): Promise<string> {
  const folder = await tempFolder();
  return join(folder, "fence");
}

test("accepts an equal and a larger fence, and refuses a smaller one", async () => {
  const folder = await register();
  await passFence(folder, "pc1", 7);
  await passFence(folder, "pc1", 7);
  await passFence(folder, "pc1", 9);
  await expect(passFence(folder, "pc1", 8)).rejects.toMatchObject({
    code: "FENCED",
    fault: "infra",
  });
  await passFence(folder, "pc1", 9);
});

test("a refused fence does not lower the register", async () => {
  const folder = await register();
  await passFence(folder, "pc1", 9);
  await expect(passFence(folder, "pc1", 3)).rejects.toThrow("pc1 refuses fence 3: it has seen 9.");
  await expect(passFence(folder, "pc1", 8)).rejects.toThrow("it has seen 9");
});

test("only the newest of many concurrent holders passes in the end", async () => {
  const folder = await register();
  await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => passFence(folder, "pc1", 100 + index)),
  );
  await passFence(folder, "pc1", 149);
  await expect(passFence(folder, "pc1", 148)).rejects.toThrow("it has seen 149");
  expect(await readdir(folder)).toContain("149");
});

test("a register that cannot be written is reported with its path and the system's error code, and not as a bug", async () => {
  const folder = await register();
  await writeFile(folder, "");
  await expect(passFence(join(folder, "fences"), "pc1", 7)).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    fault: "infra",
    summary: expect.stringMatching(/fence\S* cannot be written: ENOTDIR/),
    hint: expect.stringContaining("move it away"),
  });
});
