import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Disks } from "./disks.ts";
import { lastPartition } from "./system-image.ts";

const SYSTEM = 103;
const MIB = 2 ** 20;

interface Store {
  readonly disks: Disks;
  readonly folder: string;
}

async function newDisks(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), "hcloud-double-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const raw = join(folder, "system.raw");
  const systemDisk = join(folder, "system.qcow2");
  await writeFile(raw, Buffer.alloc(MIB, "S"));
  execFileSync("qemu-img", ["convert", "-O", "qcow2", raw, systemDisk]);
  return { disks: new Disks({ folder, systemDisk }), folder };
}

function qemuIo(disk: string, command: string): string {
  return execFileSync("qemu-io", ["-f", "qcow2", "-c", command, disk], { encoding: "utf8" });
}

/** Whether a MiB of a disk consists of this character. */
function isFilled({ disks }: Store, server: number, at: number, character: string): boolean {
  const pattern = `read -P ${character.codePointAt(0)} ${at}M 1M`;
  return !qemuIo(disks.diskOf(server), pattern).includes("Pattern verification failed");
}

function fill({ disks }: Store, server: number, at: number, character: string): void {
  qemuIo(disks.diskOf(server), `write -P ${character.codePointAt(0)} ${at}M 1M`);
}

function virtualSize(disk: string): number {
  const text = execFileSync("qemu-img", ["info", "--output", "json", disk], { encoding: "utf8" });
  return (JSON.parse(text) as { "virtual-size": number })["virtual-size"];
}

test("a disk has the size of its server, and starts with the image", async () => {
  const store = await newDisks();
  await store.disks.write(1, SYSTEM, 40);
  expect(virtualSize(store.disks.diskOf(1))).toBe(40e9);
  expect(isFilled(store, 1, 0, "S")).toBe(true);
  expect(isFilled(store, 1, 1, "\0")).toBe(true);
});

test("a rebuild discards what was written", async () => {
  const store = await newDisks();
  await store.disks.write(1, SYSTEM, 1);
  fill(store, 1, 5, "x");
  await store.disks.write(1, SYSTEM, 1);
  expect(isFilled(store, 1, 5, "\0")).toBe(true);
});

test("a copy has what was written, without the empty blocks", async () => {
  const store = await newDisks();
  await store.disks.write(1, SYSTEM, 40);
  fill(store, 1, 5, "x");
  const sizeGb = await store.disks.copy(1, 2000);
  expect(sizeGb).toBeGreaterThan(2 * MIB * 1e-9);
  expect(sizeGb).toBeLessThan(0.01);

  await store.disks.write(2, 2000, 80);
  fill(store, 1, 5, "y");
  expect(isFilled(store, 2, 0, "S")).toBe(true);
  expect(isFilled(store, 2, 5, "x")).toBe(true);
  expect(virtualSize(store.disks.diskOf(2))).toBe(80e9);
});

test("a server keeps its disk when its image is removed, and gives everything back", async () => {
  const store = await newDisks();
  await store.disks.write(1, SYSTEM, 1);
  fill(store, 1, 5, "x");
  await store.disks.copy(1, 2000);
  await store.disks.write(2, 2000, 1);
  await store.disks.removeImage(2000);
  expect(isFilled(store, 2, 5, "x")).toBe(true);

  await store.disks.remove(1);
  await store.disks.remove(2);
  expect(await readdir(join(store.folder, "servers"))).toEqual([]);
  expect(await readdir(join(store.folder, "images"))).toEqual([]);
});

test("a disk grows, and never shrinks", async () => {
  const store = await newDisks();
  await store.disks.write(1, SYSTEM, 40);
  await store.disks.resize(1, 80);
  expect(virtualSize(store.disks.diskOf(1))).toBe(80e9);
  await expect(store.disks.resize(1, 40)).rejects.toThrow(/shrink/i);
});

test("the last partition is the one that starts last", () => {
  const sectors = Buffer.alloc(34 * 512);
  expect(lastPartition(sectors)).toBeUndefined();
  sectors.write("EFI PART", 512);
  const partition = (index: number, first: bigint) => {
    sectors.fill(7, 1024 + index * 128, 1024 + index * 128 + 16);
    sectors.writeBigUInt64LE(first, 1024 + index * 128 + 32);
  };
  partition(0, 262_144n);
  partition(13, 2048n);
  partition(14, 8192n);
  expect(lastPartition(sectors)).toBe(1);
});
