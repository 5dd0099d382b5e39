import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Machine } from "../../machine.ts";
import { litter, useTwoSides } from "../two-sides.test.kit.ts";

let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ pc1, there, here } = sides));

test("a folder is merged into an existing folder: its files replace existing files, other files stay", async () => {
  const tree = join(here, "overlay");
  await mkdir(join(tree, "sub/deep"), { recursive: true });
  await mkdir(join(tree, "new"));
  await writeFile(join(tree, "sub/deep/x"), "new x");
  await writeFile(join(tree, "new/.y"), "y");
  await chmod(join(tree, "sub"), 0o500);
  await chmod(tree, 0o500);
  const target = join(there, "merged");
  await pc1.$`mkdir -p -m 751 ${target} ${target}/sub/deep && cd ${target} && echo old >sub/deep/x && echo stays >sub/z`;
  const mode = (await stat(target)).mode;
  await pc1.upload(tree, target);
  const content = (path: string): Promise<string> => readFile(join(target, path), "utf8");
  expect([await content("sub/deep/x"), await content("sub/z"), await content("new/.y")]).toEqual([
    "new x",
    "stays\n",
    "y",
  ]);
  expect((await stat(target)).mode).toBe(mode);
  expect(await litter(target)).toEqual([]);

  await pc1.$`cd ${target} && echo remote >sub/z`;
  await mkdir(join(here, "mine/sub"), { recursive: true });
  await writeFile(join(here, "mine/sub/own"), "own");
  await pc1.download(target, join(here, "mine"));
  expect((await readdir(join(here, "mine/sub"))).toSorted()).toEqual(["deep", "own", "z"]);
  expect(await readFile(join(here, "mine/sub/z"), "utf8")).toBe("remote\n");
  expect(await litter(join(here, "mine"))).toEqual([]);
});

test("a folder that conflicts with the existing folder is rejected before anything is moved", async () => {
  const tree = join(here, "misfit");
  await mkdir(join(tree, "z"), { recursive: true });
  await writeFile(join(tree, "a"), "new");
  await writeFile(join(tree, "z/b"), "new");
  const target = `${there}/misfit`;
  await pc1.$`mkdir -p ${target}/z/b && echo old >${target}/a`;
  await expect(pc1.upload(tree, target)).rejects.toThrow("Is a directory.");
  expect(await pc1.file(`${target}/a`).text()).toBe("old\n");
  await expect(pc1.download(target, tree)).rejects.toThrow(
    `Cannot write ${tree}/z/b on this computer: it is a file.`,
  );
  expect(await readFile(join(tree, "a"), "utf8")).toBe("new");
  await pc1.$`rm -r ${target}/z && echo file >${target}/z`;
  await expect(pc1.upload(tree, target)).rejects.toThrow("Not a directory.");
  await expect(pc1.download(target, tree)).rejects.toThrow(
    `Cannot write ${tree}/z on this computer: it is a folder.`,
  );
  expect([await pc1.file(`${target}/a`).text(), await readFile(join(tree, "a"), "utf8")]).toEqual([
    "old\n",
    "new",
  ]);
  expect([await litter(target), await litter(tree)]).toEqual([[], []]);
});
