import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyTree } from "./copy-tree.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  file = join(folder, "file");
  await writeFile(file, "text");
});
afterEach(() => rm(folder, { recursive: true }));

test("a full disk is told with the system's code, and where it was found to be full", async () => {
  // The kernel answers each write to it as a full disk does.
  await expect(copyTree(file, "/dev/full")).rejects.toMatchObject({
    code: "ENOSPC",
    path: "/dev/full",
    message: "ENOSPC: cp: error writing '/dev/full': No space left on device",
  });
});

test("a file where a folder should be is told with the system's code, in whatever language this user reads", async () => {
  await expect(copyTree(folder, join(file, "copy"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

test("what there is to copy may be missing, which is told as what it is", async () => {
  await expect(copyTree(join(folder, "none"), join(folder, "copy"))).rejects.toMatchObject({
    code: "ENOENT",
  });
});
