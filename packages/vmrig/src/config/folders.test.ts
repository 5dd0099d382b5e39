import { chmod, lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { checkConfig } from "./check.ts";
import { copySpec } from "./copy-spec.ts";
import { openFolders } from "./folders.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

let root: string;
let temporary: string;
beforeEach(async () => {
  root = await tempFolder();
  temporary = join(root, "tmp");
  await mkdir(temporary);
});

const mode = async (path: string): Promise<string> =>
  ((await lstat(path)).mode & 0o7777).toString(8);

test("makes VMRIG_HOME and VMRIG_CACHE absolute, and uses them otherwise unchanged", async () => {
  const folders = await openFolders(
    { VMRIG_HOME: `${root}/./home/`, VMRIG_CACHE: `${root}/cache/` },
    temporary,
  );
  expect(folders).toMatchObject({ state: join(root, "home"), cache: join(root, "cache") });
});

test("uses vmrig's folders in the XDG folders without these variables", async () => {
  const folders = await openFolders(
    {
      XDG_STATE_HOME: join(root, "state"),
      XDG_CACHE_HOME: join(root, "caches"),
      VMRIG_HOME: "",
      VMRIG_CACHE: "",
    },
    temporary,
  );
  expect(folders).toMatchObject({
    state: join(root, "state", "vmrig"),
    cache: join(root, "caches", "vmrig"),
  });
});

test.each([undefined, "", "relative/cache"])(
  "an XDG cache folder of %j counts as not set",
  async (folder) => {
    const folders = await openFolders(
      { VMRIG_HOME: join(root, "home"), XDG_CACHE_HOME: folder },
      temporary,
    );
    expect(folders.cache).toBe(join(homedir(), ".cache", "vmrig"));
  },
);

test("creates state and runtime folders that only this user can enter", async () => {
  const { state, runtime } = await openFolders({ VMRIG_HOME: join(root, "a", "home") }, temporary);
  expect(runtime).toMatch(new RegExp(`^${temporary}/vmrig-${userInfo().uid}/[0-9a-f]{10}$`));
  expect(await Promise.all([state, runtime, join(runtime, "..")].map(mode))).toEqual([
    "700",
    "700",
    "700",
  ]);
});

test("leaves room for the names of sockets", async () => {
  const { runtime } = await openFolders({ VMRIG_HOME: join(root, "home") }, temporary);
  const longest = join(
    "/tmp",
    "vmrig-4294967295",
    runtime.slice(-10),
    `${"c".repeat(32)}-1`,
    `${"m".repeat(32)}.qmp`,
  );
  // Linux allows 107 bytes and a zero.
  expect(longest.length).toBeLessThanOrEqual(107);
});

test("one home has one runtime folder, by every path that leads to it", async () => {
  const home = join(root, "home");
  const first = await openFolders({ VMRIG_HOME: home }, temporary);
  await symlink(home, join(root, "link"));
  expect(await openFolders({ VMRIG_HOME: `${home}/` }, temporary)).toEqual(first);
  expect(await openFolders({ VMRIG_HOME: join(root, "link") }, temporary)).toEqual(first);
});

test("two homes never share a runtime folder", async () => {
  const one = await openFolders({ VMRIG_HOME: join(root, "one") }, temporary);
  const two = await openFolders({ VMRIG_HOME: join(root, "two") }, temporary);
  expect(one.runtime).not.toBe(two.runtime);
});

test.each([0o770, 0o777, 0o1777])(
  "refuses a runtime folder that others may write to (mode %o)",
  async (open) => {
    const own = join(temporary, `vmrig-${userInfo().uid}`);
    await mkdir(own);
    await chmod(own, open);
    await expect(openFolders({ VMRIG_HOME: join(root, "home") }, temporary)).rejects.toMatchObject({
      code: "FOLDER_UNSAFE",
      message: expect.stringContaining(
        `${own} is writable for other users (mode ${(open & 0o777).toString(8)}).`,
      ),
    });
  },
);

test("refuses a runtime folder that is a symbolic link: every user can create one there", async () => {
  const own = join(temporary, `vmrig-${userInfo().uid}`);
  await mkdir(join(root, "trap"), { mode: 0o700 });
  await symlink(join(root, "trap"), own);
  await expect(openFolders({ VMRIG_HOME: join(root, "home") }, temporary)).rejects.toMatchObject({
    code: "FOLDER_UNSAFE",
  });
});

test("a copy has its own folders and addresses, and its machines are in the order of the config", async () => {
  const folders = await openFolders(
    { VMRIG_HOME: join(root, "home"), VMRIG_CACHE: join(root, "cache") },
    temporary,
  );
  const machines = { web: { cpus: 2 }, db: { memory: "1GB", disk: "8GB" } };
  const rig = checkConfig(
    { name: "pcs", driver: { name: "none", declare: () => {} }, machines },
    "f",
  );
  const copy = await copySpec(rig, 2, folders);
  expect(copy).toEqual({
    rig: "pcs",
    copy: "pcs-2",
    folder: join(folders.state, "rigs", "pcs-2"),
    runtimeFolder: join(folders.runtime, "pcs-2"),
    cacheFolder: folders.cache,
    machines: [
      { name: "web", cpus: 2, memoryMb: 512, diskGb: 4, lanAddress: "10.77.0.11" },
      { name: "db", cpus: 1, memoryMb: 1024, diskGb: 8, lanAddress: "10.77.0.12" },
    ],
  });
  expect(await Promise.all([copy.folder, copy.runtimeFolder].map(mode))).toEqual(["700", "700"]);
});

test("a home that cannot be created is reported with its path and a remedy", async () => {
  await writeFile(join(root, "file"), "");
  await expect(
    openFolders({ VMRIG_HOME: join(root, "file", "home") }, temporary),
  ).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringContaining(join(root, "file", "home")),
    hint: "a part of this path is a file: move it away",
  });
});
