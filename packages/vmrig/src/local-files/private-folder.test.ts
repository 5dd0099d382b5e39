import { chmod, chown, lstat, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensurePrivateFolder } from "./private-folder.ts";

let base: string;
let folder: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  folder = join(base, "run");
});
afterEach(() => rm(base, { recursive: true, force: true }));

const mode = async (path: string) => ((await lstat(path)).mode & 0o777).toString(8);
const UNSAFE = { code: "FOLDER_UNSAFE", fault: "infra" };

test("it is made for this user alone, with its parents", async () => {
  await ensurePrivateFolder(join(folder, "a", "b"));
  expect(await mode(join(folder, "a", "b"))).toBe("700");
});

test("one that is already there stays as it is", async () => {
  await ensurePrivateFolder(folder);
  await writeFile(join(folder, "file"), "");
  await ensurePrivateFolder(folder);
  expect(await mode(folder)).toBe("700");
});

test("one that others may only read is closed to them", async () => {
  await mkdir(folder);
  await chmod(folder, 0o755);
  await ensurePrivateFolder(folder);
  expect(await mode(folder)).toBe("700");
});

test.each([0o770, 0o707, 0o1777])(
  "one that others may write to (mode %o) is refused",
  async (open) => {
    await mkdir(folder);
    await chmod(folder, open);
    await expect(ensurePrivateFolder(folder)).rejects.toMatchObject({
      ...UNSAFE,
      message: expect.stringContaining("open for others to write"),
    });
  },
);

test("one of another user is refused", async () => {
  // Only root can give a folder away; everybody else has root's folders to look at.
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

test("a link is refused, even to a private folder", async () => {
  await mkdir(join(base, "target"), { mode: 0o700 });
  await symlink(join(base, "target"), folder);
  await expect(ensurePrivateFolder(folder)).rejects.toMatchObject({
    ...UNSAFE,
    message: expect.stringContaining("symbolic link"),
  });
});

test("a file is refused", async () => {
  await writeFile(folder, "");
  await expect(ensurePrivateFolder(folder)).rejects.toMatchObject(UNSAFE);
  await expect(ensurePrivateFolder(join(folder, "below"))).rejects.toMatchObject(UNSAFE);
});
