import { execFile } from "node:child_process";
import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { VmrigError } from "vmrig/driver";
import { z } from "zod";

/** A part of a disk that has data. In bytes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** The content of an image's disk. */
export interface DiskContent extends AsyncDisposable {
  /** Size of the disk in bytes, holes included. */
  readonly size: number;
  /** All parts that are not zero, in order. */
  readonly extents: readonly Extent[];
  /** Reads the parts one after the other. */
  read(): AsyncIterable<Uint8Array>;
}

/** Holes that are smaller are sent: each part costs a process on the other side. */
const LEAST_HOLE = 1024 * 1024;
/** All parts are listed in one command line. */
const MOST_EXTENTS = 1_000;
const CHUNK = 1024 * 1024;
const MOST_OUTPUT = 64 * 1024 * 1024;

const info = z.object({
  "virtual-size": z.int().positive(),
  "backing-filename": z.string().optional(),
});
const map = z.array(
  z.object({ start: z.int().min(0), length: z.int().positive(), zero: z.boolean() }),
);

/**
 * Opens the content of a qcow2 disk.
 *
 * @throws VmrigError `IMAGE_MISSING` if it cannot be read
 */
export async function openDisk(path: string, signal?: AbortSignal): Promise<DiskContent> {
  const { "virtual-size": size, "backing-filename": backing } = info.parse(
    await qemuImg(["info", "-f", "qcow2", "--output=json", path], signal),
  );
  // It would publish another file of this computer.
  if (backing !== undefined)
    throw new VmrigError("IMAGE_MISSING", {
      message: `${path} is not a complete image: it is a layer over another file.`,
      details: [`backing file  ${backing}`],
      hint: "publish an image that was built or fetched, not the disk of a machine",
    });
  const extents = mergeExtents(
    map.parse(await qemuImg(["map", "-f", "qcow2", "--output=json", path], signal)),
  );
  const file = await openRaw(path, signal);
  return {
    size,
    extents,
    async *read() {
      for (const extent of extents) yield* readExtent(file, extent);
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function* readExtent(
  file: FileHandle,
  { offset, length }: Extent,
): AsyncGenerator<Uint8Array> {
  let at = offset;
  const end = offset + length;
  while (at < end) {
    const chunk = Buffer.alloc(Math.min(CHUNK, end - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) throw new Error(`the disk ends at byte ${at}, before ${end}`);
    yield chunk.subarray(0, bytesRead);
    at += bytesRead;
  }
}

/** Copies the content to a file without a name, which ends with this process, however that ends. */
async function openRaw(path: string, signal?: AbortSignal): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-publish-"));
  try {
    const raw = join(folder, "disk.raw");
    await qemuImg(["convert", "-f", "qcow2", "-O", "raw", path, raw], signal);
    return await open(raw);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Joins neighbouring parts with data, and those with a small hole between them. */
function mergeExtents(parts: z.infer<typeof map>, leastHole = LEAST_HOLE): readonly Extent[] {
  const merged: { offset: number; length: number }[] = [];
  for (const { start, length, zero } of parts) {
    if (zero) continue;
    const last = merged.at(-1);
    if (last !== undefined && start - (last.offset + last.length) < leastHole)
      last.length = start + length - last.offset;
    else merged.push({ offset: start, length });
  }
  return merged.length > MOST_EXTENTS ? mergeExtents(parts, leastHole * 2) : merged;
}

async function qemuImg(args: readonly string[], signal?: AbortSignal): Promise<unknown> {
  try {
    const { stdout } = await promisify(execFile)("qemu-img", args, {
      maxBuffer: MOST_OUTPUT,
      ...(signal && { signal }),
    });
    return stdout.trim() === "" ? undefined : JSON.parse(stdout);
  } catch (cause) {
    signal?.throwIfAborted();
    const { code, stderr = "" } = cause as { readonly code?: unknown; readonly stderr?: string };
    throw new VmrigError("IMAGE_MISSING", {
      message: `qemu-img cannot read the image ${args.at(args[0] === "convert" ? -2 : -1)}.`,
      details: stderr.trim() === "" ? [] : stderr.trim().split("\n").slice(0, 5),
      hint:
        code === "ENOENT"
          ? "install qemu-img (Debian: qemu-utils)"
          : "build or fetch the image again, and check the free space of the temporary folder",
      cause,
    });
  }
}
