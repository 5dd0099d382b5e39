import { mkdir, open, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { OTHER_USER } from "../../../ssh/fixtures/sshd.test.kit.ts";
import { startMachine } from "../../fixtures.test.kit.ts";
import type { Machine } from "../../machine.ts";
import type { Progress } from "./transfer-options.ts";
import { litter, useTwoSides } from "../two-sides.test.kit.ts";

let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ pc1, there, here } = sides));

/** So large that the test times out if anything sends it as zeros. */
const BYTES = 20_000_000_000;
const DATA = Buffer.alloc(70_000, "data");

/** Creates a file with a piece of data in the middle of a hole. */
async function makeSparse(path: string): Promise<void> {
  await writeFile(path, "");
  await truncate(path, BYTES);
  await using file = await open(path, "r+");
  await file.write(DATA, 0, DATA.length, 10_000_000_000);
}

async function expectSparse(path: string): Promise<void> {
  const { size, blocks } = await stat(path);
  expect(size).toBe(BYTES);
  expect(blocks * 512).toBeLessThan(1_000_000);
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(DATA.length), 0, DATA.length, 10_000_000_000);
  expect(Buffer.compare(buffer, DATA)).toBe(0);
}

test("a file with holes keeps them in both directions, with mode and time", async () => {
  await makeSparse(join(here, "disk"));
  await pc1.$`echo old >${there}/disk && ln -s disk ${there}/link`;
  const seen: Progress[] = [];
  const onProgress = (progress: Progress): void => void seen.push(progress);
  const result = await pc1.upload(join(here, "disk"), `${there}/link`, {
    mode: 0o4751,
    onProgress,
  });
  expect(result).toEqual({ files: 1, bytes: BYTES, leftOut: [], changed: [] });
  await expectSparse(join(there, "disk"));
  const copy = await stat(join(there, "disk"));
  expect(copy.mode & 0o7777).toBe(0o4751);
  expect(copy.mtimeMs).toBe((await stat(join(here, "disk"))).mtimeMs);
  expect(await pc1.download(`${there}/link`, join(here, "back"), { onProgress })).toEqual(result);
  await expectSparse(join(here, "back"));
  expect((await stat(join(here, "back"))).mode & 0o7777).toBe(0o4751);
  expect(seen.at(-1)).toEqual({ bytes: BYTES, total: BYTES });
  expect([await litter(there), await litter(here)]).toEqual([[], []]);
});

test("a folder with such a file keeps the holes in both directions", async () => {
  await mkdir(join(here, "tree"));
  await makeSparse(join(here, "tree/disk"));
  const as = pc1.as(OTHER_USER);
  await using place = await as.tmpdir();
  for (let turn = 0; turn < 2; turn++) {
    await as.upload(join(here, "tree"), `${place.path}/tree`);
    expect(Number((await pc1.root.$`du -k ${place.path}/tree | cut -f 1`).stdout)).toBeLessThan(
      1000,
    );
    await as.download(`${place.path}/tree`, join(here, "tree-back"));
    await expectSparse(join(here, "tree-back/disk"));
  }
});

test("a file that is one hole stays one in both directions, alone and in a folder", async () => {
  const folder = join(here, "one-hole");
  await mkdir(folder);
  await writeFile(join(folder, "disk"), "");
  await truncate(join(folder, "disk"), BYTES);
  for (const path of ["", "/disk"]) {
    const result = await pc1.upload(`${folder}${path}`, `${there}/one-hole${path}`);
    expect(result).toEqual({ files: 1, bytes: BYTES, leftOut: [], changed: [] });
    await pc1.download(`${there}/one-hole${path}`, join(here, `one-hole-back${path}`));
    for (const copy of [join(there, "one-hole/disk"), join(here, "one-hole-back/disk")])
      expect(await stat(copy)).toMatchObject({ size: BYTES, blocks: 0 });
  }
});

test("files with data but without blocks are not taken for holes", async () => {
  const sysfs = "/sys/class/net/lo/statistics";
  expect(await stat(`${sysfs}/rx_bytes`)).toMatchObject({ size: 4096, blocks: 0 });
  const { changed } = await pc1.download(sysfs, join(here, "sysfs"));
  // Its files are shorter than their size says.
  expect(changed).toContain("rx_bytes");
  expect(await readFile(join(here, "sysfs/rx_bytes"), "latin1")).toMatch(/^\d+\n\0*$/);
  await expect(pc1.upload(sysfs, `${there}/sysfs`)).rejects.toThrow(
    / and \d+ more changed twice while it was read\.$/m,
  );
});

test("without GNU tar on the machine, a file with holes arrives as it is", async () => {
  const path = join(here, "some-holes");
  await writeFile(path, "begin");
  await truncate(path, 5_000_000);
  await using rig = await startMachine({ sshd: { loginShell: "/bin/bash" } });
  const { folder } = rig.server;
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin/tar"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  await writeFile(join(dirname(folder), ".bashrc"), `PATH=${folder}/bin:$PATH\n`);
  expect((await rig.pc1.$({ reject: false })`tar --version`).exitCode).toBe(1);
  await rig.pc1.upload(path, `${folder}/some-holes`);
  await rig.pc1.download(`${folder}/some-holes`, join(here, "some-holes-back"));
  expect(await readFile(join(here, "some-holes-back"))).toEqual(await readFile(path));
});
