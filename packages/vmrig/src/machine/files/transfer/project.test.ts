import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Machine } from "../../machine.ts";
import { useTwoSides } from "../two-sides.test.kit.ts";

let machine: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ pc1: machine, there, here } = sides));

test("a project is uploaded as git would check it out", async () => {
  const project = join(here, "project");
  await mkdir(join(project, ".git"), { recursive: true });
  await mkdir(join(project, "dist"));
  for (const file of [".gitignore", ".git/index", "app.ts", "app.test.ts", "dist/app.js"])
    await writeFile(join(project, file), file === ".gitignore" ? "dist\n" : file);
  await chmod(join(project, "app.ts"), 0o664);
  // A machine of a test has /opt; this one has only a folder.
  const pc1: Pick<Machine, "upload"> = {
    upload: (local, remote, options) =>
      machine.upload(local, remote.replace("/opt", there), options),
  };
  const { leftOut } = await pc1.upload(project, "/opt/app", {
    ignoreFile: ".gitignore",
    exclude: [".git", "*.test.ts"],
    mode: "git",
  });
  expect(leftOut).toEqual([]);
  expect((await machine.file(`${there}/app`).entries()).map(({ name }) => name)).toEqual([
    ".gitignore",
    "app.ts",
  ]);
  expect((await machine.file(`${there}/app/app.ts`).stat()).mode).toBe(0o644);
});
