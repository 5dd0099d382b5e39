import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { afterAll, expect, test } from "vitest";
import { tempFolder } from "../../../../local-files/temp-folder.test.kit.ts";
import { newCopy, write } from "../../contract/harness.test.kit.ts";
import { testStateStore } from "../../contract.test.kit.ts";
import { fileStore } from "./file-store.ts";

const shared = await mkdtemp(join(tmpdir(), "vmrig-test-"));
afterAll(() => rm(shared, { recursive: true, force: true }));

testStateStore({
  open: async () => fileStore({ folder: shared }),
  // Root may write everywhere, but vmrig does not write to a folder that other users can change.
  async makeUnwritable({ rig, copy }) {
    await chmod(join(shared, rig, copy), 0o777);
    return fileStore({ folder: shared });
  },
});

test("only this user can read the files", async () => {
  const folder = await tempFolder();
  const copy = newCopy();
  await fileStore({ folder }).write(copy, write(0, 10));
  const state = join(folder, copy.rig, copy.copy);
  expect((await readdir(state)).sort()).toEqual(["1.tfstate", "head.json"]);
  for (const name of [".", "1.tfstate", "head.json"])
    expect((await stat(join(state, name))).mode & 0o077).toBe(0);
});

test("a version that a killed writer left without naming it does not count", async () => {
  const folder = await tempFolder();
  const copy = newCopy();
  const store = fileStore({ folder });
  await store.write(copy, write(0, 10));
  await writeFile(join(folder, copy.rig, copy.copy, "2.tfstate"), "half");
  expect((await store.read(copy))?.version).toBe(1);
  expect(await store.history(copy)).toHaveLength(1);
  expect(await store.readVersion(copy, 2)).toBeUndefined();
  expect(await store.write(copy, write(1, 11))).toEqual({ outcome: "written", version: 2 });
});

test.each([
  ["head.json", "{", "head.json is damaged"],
  ["1.tfstate", "{}", "1.tfstate is damaged"],
  ["1.tfstate", "{}\ntext", "1.tfstate is damaged"],
])("a damaged %s is reported, not taken for an empty state", async (name, text, summary) => {
  const folder = await tempFolder();
  const copy = newCopy();
  const store = fileStore({ folder });
  await store.write(copy, write(0, 10));
  await writeFile(join(folder, copy.rig, copy.copy, name), text);
  const lost = { code: "STATE_LOST", summary: expect.stringContaining(summary) };
  await expect(store.claim(copy, 11)).rejects.toMatchObject(lost);
  await expect(store.read(copy)).rejects.toMatchObject(lost);
});

test("the history leaves out a damaged version, and lists all others", async () => {
  const folder = await tempFolder();
  const copy = newCopy();
  const store = fileStore({ folder });
  for (const base of [0, 1, 2]) await store.write(copy, write(base, 10));
  await writeFile(join(folder, copy.rig, copy.copy, "2.tfstate"), "{}");
  expect((await store.history(copy)).map(({ version }) => version)).toEqual([3, 1]);
});

test("a missing newest version is reported", async () => {
  const folder = await tempFolder();
  const copy = newCopy();
  const store = fileStore({ folder });
  await store.write(copy, write(0, 10));
  await rm(join(folder, copy.rig, copy.copy, "1.tfstate"));
  await expect(store.claim(copy, 11)).rejects.toMatchObject({
    code: "STATE_LOST",
    summary: expect.stringContaining("is missing"),
  });
});
