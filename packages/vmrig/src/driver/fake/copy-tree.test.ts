import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { copyTree } from "./copy-tree.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await tempFolder();
  file = join(folder, "file");
  await writeFile(file, "text");
});

test("a full disk is reported with the system's error code and the path", async () => {
  // The kernel refuses every write to /dev/full as on a full disk.
  await expect(copyTree(file, "/dev/full")).rejects.toMatchObject({
    code: "ENOSPC",
    path: "/dev/full",
    message: "ENOSPC: cp: error writing '/dev/full': No space left on device",
  });
});

test("a file in place of a folder is reported with the system's error code, in any language of the user", async () => {
  await expect(copyTree(folder, join(file, "copy"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

test("a missing source is reported as ENOENT", async () => {
  await expect(copyTree(join(folder, "none"), join(folder, "copy"))).rejects.toMatchObject({
    code: "ENOENT",
  });
});
