import { chmod, chown, lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { ensurePrivateFolder } from "./private-folder.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

let base: string;
let folder: string;
beforeEach(async () => {
  base = await tempFolder();
  folder = join(base, "run");
});

const mode = async (path: string) => ((await lstat(path)).mode & 0o777).toString(8);
const UNSAFE = { code: "FOLDER_UNSAFE", fault: "infra" };

test("creates the folder and its parents for this user alone", async () => {
  await ensurePrivateFolder(join(folder, "a", "b"));
  expect(await mode(join(folder, "a", "b"))).toBe("700");
});

test("leaves an existing private folder unchanged", async () => {
  await ensurePrivateFolder(folder);
  await writeFile(join(folder, "file"), "");
  await ensurePrivateFolder(folder);
  expect(await mode(folder)).toBe("700");
});

test("makes a folder private that others may only read", async () => {
  await mkdir(folder);
  await chmod(folder, 0o755);
  await ensurePrivateFolder(folder);
  expect(await mode(folder)).toBe("700");
});

test.each([0o770, 0o707, 0o1777])(
  "refuses a folder that others may write to (mode %o)",
  async (open) => {
    await mkdir(folder);
    await chmod(folder, open);
    await expect(ensurePrivateFolder(folder)).rejects.toMatchObject({
      ...UNSAFE,
      message: expect.stringContaining("writable for other users"),
    });
  },
);

test("refuses a folder of another user", async () => {
  // Only root can give a folder away. Any other user checks a folder of root.
  const others = process.getuid?.() === 0 ? folder : "/usr";
  if (others === folder) {
    await mkdir(folder, { mode: 0o700 });
    await chown(folder, 12345, 12345);
  }
  await expect(ensurePrivateFolder(others)).rejects.toMatchObject({
    ...UNSAFE,
    message: expect.stringMatching(/belongs to user \d+, not to \d+/),
  });
});

test("refuses a link, even to a private folder", async () => {
  await mkdir(join(base, "target"), { mode: 0o700 });
  await symlink(join(base, "target"), folder);
  await expect(ensurePrivateFolder(folder)).rejects.toMatchObject({
    ...UNSAFE,
    message: expect.stringContaining("symbolic link"),
  });
});

test("refuses a file", async () => {
  await writeFile(folder, "");
  await expect(ensurePrivateFolder(folder)).rejects.toMatchObject(UNSAFE);
  await expect(ensurePrivateFolder(join(folder, "below"))).rejects.toMatchObject(UNSAFE);
});
