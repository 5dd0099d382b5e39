import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../temp-folder.test.kit.ts";
import { runQemuImg } from "./qemu-img.ts";

test("reports what qemu-img printed", async () => {
  const disk = join(await tempFolder(), "disk.qcow2");
  await expect(runQemuImg("snapshot", "-d", "x", disk)).rejects.toMatchObject({
    code: "QEMU_FAILED",
    summary: "`qemu-img snapshot` failed.",
    details: [expect.stringContaining(`Could not open '${disk}': No such file or directory`)],
  });
});
