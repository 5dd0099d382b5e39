import { mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TestMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";
import { useTwoSides } from "./two-sides.test.kit.ts";

let rig: TestMachine;
let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ rig, pc1, there, here } = sides));

test("every operation rejects an impossible path before anything is sent", async () => {
  const local = join(here, "local");
  await writeFile(local, "x");
  const bad = (path: string): Array<() => Promise<unknown>> => [
    () => pc1.file(path).text(),
    () => pc1.file(path).write("x"),
    () => pc1.file(`${there}/link`).symlink(path),
    () => pc1.glob(`${path}/*`),
    () => pc1.upload(local, path),
    () => pc1.download(path, local),
  ];
  for (const [path, words] of [
    ["a\0b", "cannot contain a NUL character"],
    ["\ud800", "cannot contain half a surrogate pair"],
  ] as const) {
    for (const ask of bad(path)) {
      await expect(Promise.resolve().then(ask), ask.toString()).rejects.toMatchObject({
        code: "COMMAND_INVALID",
        message: expect.stringContaining(words),
      });
    }
  }
  await expect(pc1.upload("a\0b", "x")).rejects.toMatchObject({ code: "FILE_FAILED" });
  await expect(pc1.download("/etc/hostname", "a\0b")).rejects.toMatchObject({
    code: "FILE_FAILED",
  });
  expect([await readdir(there), rig.dials()]).toEqual([[], 1]);
});

test("a name that is too long fails with the system's reason", async () => {
  const long = `${there}/${"x".repeat(300)}`;
  await expect(pc1.file(long).write("x")).rejects.toThrow("File name too long.");
  await expect(pc1.file(long).text()).rejects.toThrow("File name too long.");
  await expect(pc1.file(`${there}/${"x/".repeat(3000)}`).mkdir()).rejects.toThrow(
    "File name too long.",
  );
  await expect(pc1.file("x".repeat(1024 * 1024)).text()).rejects.toMatchObject({ fault: "test" });
});

test("names that are not UTF-8 are listed with replacement characters, and the error for such a name has a hint", async () => {
  const folder = `${there}/bytes`;
  const name = Buffer.from([0x61, 0xff]);
  await pc1.$`mkdir ${folder}`;
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), name]), "content");
  await pc1.file(`${folder}/z`).write("");
  const odd = `${folder}/a\ufffd`;
  expect((await pc1.file(folder).entries()).map(({ path }) => path)).toEqual(
    [`${folder}/z`, odd].sort(),
  );
  expect(await pc1.glob(`${folder}/*`)).toEqual([`${folder}/z`, odd].sort());
  await expect(pc1.file(odd).text()).rejects.toMatchObject({
    code: "FILE_FAILED",
    summary: `No such file on pc1: ${odd}.`,
    hint: expect.stringContaining("not be UTF-8"),
  });
  expect((await pc1.$`cat ${folder}/a*`).stdout).toBe("content");
  await pc1.file(folder).remove({ recursive: true });
});

test("copies to and from a symbolic link to a folder use that folder, and the link remains", async () => {
  const tree = join(here, "tree");
  await mkdir(join(tree, "in"), { recursive: true });
  await writeFile(join(tree, "in/file"), "new");
  await pc1.$`mkdir ${there}/real && echo old >${there}/real/old && ln -s real ${there}/link && ln -s link ${there}/link2`;
  await pc1.upload(tree, `${there}/link2`);
  await pc1.upload(join(tree, "in/file"), `${there}/link/second`);
  expect((await pc1.glob(`${there}/real/**`)).map((path) => path.slice(there.length))).toEqual([
    "/real/in",
    "/real/in/file",
    "/real/old",
    "/real/second",
  ]);
  expect(await readlink(join(there, "link"))).toBe("real");
  await mkdir(join(here, "back"));
  await symlink("back", join(here, "back-link"));
  await pc1.download(`${there}/link`, join(here, "back-link"));
  expect([
    await readlink(join(here, "back-link")),
    await readFile(join(here, "back/in/file"), "utf8"),
  ]).toEqual(["back", "new"]);
  await pc1.$`ln -s loop ${there}/loop`;
  await expect(pc1.upload(tree, `${there}/loop`)).rejects.toMatchObject({ code: "FILE_FAILED" });
  await expect(pc1.upload(join(tree, "in/file"), `${there}/loop`)).rejects.toMatchObject({
    code: "FILE_FAILED",
  });
});
