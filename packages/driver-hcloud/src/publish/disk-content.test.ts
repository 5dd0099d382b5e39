import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { openDisk } from "./disk-content.ts";

const MB = 2 ** 20;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  const made = folder;
  onTestFinished(() => rm(made, { recursive: true, force: true }));
});

const qemuImg = (...args: string[]): void => void execFileSync("qemu-img", args, { cwd: folder });

/** Writes a qcow2 disk of 8 MB with data at the given places. */
async function writeDisk(places: ReadonlyArray<readonly [at: number, text: string]>) {
  const disk = Buffer.alloc(8 * MB);
  for (const [at, text] of places) disk.write(text, at);
  await writeFile(join(folder, "disk.raw"), disk);
  qemuImg("convert", "-f", "raw", "-O", "qcow2", "disk.raw", "disk.qcow2");
  return { path: join(folder, "disk.qcow2"), disk };
}

test("contains the parts with data, and holes only where they are large", async () => {
  const { path, disk } = await writeDisk([
    [0, "head"],
    [MB / 2, "near"],
    [5 * MB, "far"],
  ]);
  await using content = await openDisk(path);
  expect(content.size).toBe(8 * MB);
  expect(content.extents.map(({ offset }) => offset)).toEqual([0, 5 * MB]);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.read()) chunks.push(chunk);
  const parts = content.extents.map(({ offset, length }) => disk.subarray(offset, offset + length));
  expect(Buffer.concat(chunks).equals(Buffer.concat(parts))).toBe(true);
});

test("leaves no file behind, not even while it is open", async () => {
  const { path } = await writeDisk([[0, "head"]]);
  const own = async (): Promise<readonly string[]> =>
    (await readdir(tmpdir())).filter((name) => name.startsWith("vmrig-publish-"));
  const before = await own();
  await using content = await openDisk(path);
  expect(content.extents).toHaveLength(1);
  expect((await own()).filter((name) => !before.includes(name))).toEqual([]);
});

test("a layer over another file is refused: it would publish a file of this computer", async () => {
  await writeDisk([[0, "secret"]]);
  qemuImg("create", "-q", "-f", "qcow2", "-F", "raw", "-b", "disk.raw", "layer.qcow2");
  await expect(openDisk(join(folder, "layer.qcow2"))).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    details: ["backing file  disk.raw"],
  });
});

test("a file that is no qcow2 disk is refused with what qemu-img says", async () => {
  const path = join(folder, "text");
  await writeFile(path, "hello");
  await expect(openDisk(path)).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: `qemu-img cannot read the image ${path}.`,
    details: [expect.stringContaining("not in qcow2 format")],
  });
});
