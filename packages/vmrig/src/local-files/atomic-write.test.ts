import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { writeJsonAtomically, writeTextAtomically } from "./atomic-write.ts";
import { formatIdentity, identifyProcess } from "./process-identity.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

vi.mock("node:crypto", { spy: true });

test("replaces the old file, and only this user can read the new one", async () => {
  const folder = await tempFolder();
  const path = join(folder, "note.json");
  await writeJsonAtomically(path, { first: true });
  await writeJsonAtomically(path, { second: true });
  expect(await readFile(path, "utf8")).toBe('{\n  "second": true\n}\n');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["note.json"]);
});

test("concurrent writers of one process leave one of their texts, whole, and no other file", async () => {
  const folder = await tempFolder();
  const path = join(folder, "note");
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(5_000));
  await Promise.all(texts.map((text) => writeTextAtomically(path, text)));
  expect(texts).toContain(await readFile(path, "utf8"));
  expect(await readdir(folder)).toEqual(["note"]);
});

test("a full disk is not reported as a bug, and no half-written file is left", async () => {
  const folder = await tempFolder();
  vi.mocked(randomUUID).mockReturnValueOnce("01234567-0-0-0-0");
  // The kernel refuses every write to /dev/full as on a full disk.
  const writer = formatIdentity(await identifyProcess(process.pid));
  await symlink("/dev/full", join(folder, `note.json.01234567.${writer}`));
  await expect(writeJsonAtomically(join(folder, "note.json"), {})).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringMatching(/note\.json cannot be written: ENOSPC/) as string,
  });
  expect(await readdir(folder)).toEqual([]);
});

test("a disk with room for half of the file keeps the old file", async () => {
  const folder = await tempFolder();
  const path = join(folder, "note.json");
  await writeFile(path, "old");
  // The limit of this process makes the kernel shorten the first write, as a nearly full disk does.
  const script = `import { writeTextAtomically } from ${JSON.stringify(new URL("./atomic-write.ts", import.meta.url).href)};
    await writeTextAtomically(${JSON.stringify(path)}, "x".repeat(1_000_000)).catch(({ code }) => process.stdout.write(code));`;
  const { stdout } = spawnSync(
    "/bin/sh",
    [
      "-c",
      'ulimit -f 100; exec "$@"',
      "sh",
      process.execPath,
      "--input-type=module",
      "--eval",
      script,
    ],
    { encoding: "utf8", env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" } },
  );
  expect(stdout).toBe("EFBIG");
  expect([await readFile(path, "utf8"), await readdir(folder)]).toEqual(["old", ["note.json"]]);
});

test("a name that belongs to a folder leaves no temporary file", async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, "note.json"));
  await expect(writeJsonAtomically(join(folder, "note.json"), {})).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    hint: "a folder has this name: move it away",
  });
  expect(await readdir(folder)).toEqual(["note.json"]);
});
