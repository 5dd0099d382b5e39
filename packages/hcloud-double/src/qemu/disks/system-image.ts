import { readFile, realpath, rm } from "node:fs/promises";
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

const manifest = z.object({
  disk: z.string(),
  kernel: z.string(),
  initrd: z.string(),
  append: z.string(),
});

/** Reads the folder of an image that has an `image.json`. */
export async function readSystemImage(folder: string): Promise<SystemImage> {
  // The folder may be a link that points elsewhere tomorrow.
  const real = await realpath(folder);
  const found = manifest.parse(JSON.parse(await readFile(join(real, "image.json"), "utf8")));
  return {
    disk: join(real, found.disk),
    kernel: join(real, found.kernel),
    initrd: join(real, found.initrd),
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
