import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { machineFiles, qemuProcess, readJson, writeJson } from "./machine-files.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

const run = {
  pid: 1,
  startTime: "1",
  boot: "b",
  pidNamespace: "1",
  sshPort: 2,
  platform: "x",
  lanPid: 3,
  lanStartTime: "3",
};

test("a written file reads back, is private to this user, and leaves no draft", async () => {
  const folder = join(await tempFolder(), "a", "b");
  const path = join(folder, "process.json");
  await writeJson(path, { pid: 9 });
  await writeJson(path, run);
  expect(await readJson(path, qemuProcess)).toEqual(run);
  expect(await readdir(folder)).toEqual(["process.json"]);
  expect([(await stat(path)).mode & 0o777, (await stat(folder)).mode & 0o777]).toEqual([
    0o600, 0o700,
  ]);
  expect(await readFile(path, "utf8")).toMatch(/\}\n$/);
});

test.each(["", "{", "null", '{"pid":"1"}'])(
  "a file that holds %j reads as one that is not there",
  async (text) => {
    const path = join(await tempFolder(), "process.json");
    expect(await readJson(path, qemuProcess)).toBeUndefined();
    await writeFile(path, text);
    expect(await readJson(path, qemuProcess)).toBeUndefined();
  },
);

test("sockets lie in the runtime folder with short paths; all other files persist", () => {
  const files = machineFiles({ folder: "/state/pcs-1", runtimeFolder: "/run/pcs-1" }, "pc1");
  const { qmp, agent, gdb, lock, ...lasting } = files;
  expect([qmp, agent, gdb]).toEqual([
    "/run/pcs-1/pc1.qmp",
    "/run/pcs-1/pc1.agent",
    "/run/pcs-1/pc1.gdb",
  ]);
  // Also without the machine, and out of reach of cleaners of temporary folders.
  expect(lock).toBe("/state/pcs-1/pc1.lock");
  for (const path of Object.values(lasting))
    expect(path).toMatch(/^\/state\/pcs-1\/machines\/pc1(\/|$)/);
});

test("a failed write is reported with path and code, and the old file stays", async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, "file"), "");
  await expect(writeJson(join(folder, "file", "process.json"), run)).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringMatching(/file.* cannot be written: (ENOTDIR|EEXIST)/),
  });
});
