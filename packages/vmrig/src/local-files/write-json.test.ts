import { readdir, readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../gate/socket.test.kit.ts";
import { writeJsonAtomically } from "./write-json.ts";

test("replaces the old file, and only this user can read the new one", async () => {
  const folder = await tempFolder();
  const path = join(folder, "note.json");
  await writeJsonAtomically(path, { first: true });
  await writeJsonAtomically(path, { second: true });
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ second: true });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["note.json"]);
});

test("a full disk is not reported as a bug, and no half-written file is left", async () => {
  const folder = await tempFolder();
  // The kernel refuses every write to /dev/full as on a full disk.
  await symlink("/dev/full", join(folder, `note.json.${process.pid}`));
  await expect(writeJsonAtomically(join(folder, "note.json"), {})).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringMatching(/note\.json cannot be written: ENOSPC/) as string,
  });
  expect(await readdir(folder)).toEqual([]);
});
