import { copyFile, link, mkdir, readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { qemuImg } from "./qemu-img.ts";

/** A disk with an operating system, and its kernel for a direct boot. */
export interface SystemImage {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  /** Parameters of the kernel, with `root=`. */
  readonly append: string;
}

const fileName = z.string().regex(/^[^/]+$/);
const manifest = z.object({
  disk: fileName,
  kernel: fileName,
  initrd: fileName,
  append: z.string(),
});

/**
 * Reads the folder of an image that has an `image.json`. Its files are linked into `keep`: the image
 * may be built again meanwhile.
 */
export async function readSystemImage(folder: string, keep: string): Promise<SystemImage> {
  const found = manifest.parse(JSON.parse(await readFile(join(folder, "image.json"), "utf8")));
  await mkdir(keep);
  const kept = async (name: string) => {
    const file = await realpath(join(folder, name));
    const copy = join(keep, name);
    try {
      await link(file, copy);
    } catch {
      // On another file system.
      await copyFile(file, copy);
    }
    return copy;
  };
  return {
    disk: await kept(found.disk),
    kernel: await kept(found.kernel),
    initrd: await kept(found.initrd),
    append: found.append,
  };
}

const SECTOR = 512;
const GPT_SECTORS = 34;
const GPT_ENTRIES_OFFSET = 2 * SECTOR;
const GPT_ENTRY_BYTES = 128;

/**
 * Returns the number of the last partition, where the root file system is; undefined for a disk
 * without partitions. `scratch` names a file that does not exist.
 */
export async function rootPartition(disk: string, scratch: string): Promise<number | undefined> {
  const input = [`if=${disk}`, `of=${scratch}`, `bs=${SECTOR}`, `count=${GPT_SECTORS}`];
  try {
    await qemuImg("dd", "-f", "qcow2", "-O", "raw", ...input);
    return lastPartition(await readFile(scratch));
  } finally {
    await rm(scratch, { force: true });
  }
}

/** Of the first sectors of a disk (UEFI specification, GPT). */
export function lastPartition(sectors: Buffer): number | undefined {
  if (sectors.toString("latin1", SECTOR, SECTOR + 8) !== "EFI PART") return undefined;
  let last: number | undefined;
  let start = -1n;
  const entries = Math.floor((sectors.length - GPT_ENTRIES_OFFSET) / GPT_ENTRY_BYTES);
  for (let index = 0; index < entries; index++) {
    const at = GPT_ENTRIES_OFFSET + index * GPT_ENTRY_BYTES;
    const isUsed = sectors.subarray(at, at + 16).some((byte) => byte !== 0);
    const first = sectors.readBigUInt64LE(at + 32);
    if (!isUsed || first <= start) continue;
    last = index + 1;
    start = first;
  }
  return last;
}
