import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, open as openFile, readFile, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { VmrigError } from "vmrig/driver";
import { z } from "zod";
import { runProgram } from "./run-program.ts";

/** The name of an image that was built on this computer, or an archive that is fetched once and checked. */
export type ImageSource = string | { readonly url: string; readonly sha256: string };

export const imageManifest = z.object({
  name: z.string(),
  /** Digest of disk, kernel and initrd together. */
  digest: z.string(),
  disk: z.string(),
  kernel: z.string(),
  initrd: z.string(),
  /** Kernel command line that finds the root file system. */
  append: z.string(),
});

/** A machine image: a qcow2 disk, and the kernel and initrd that boot it directly. Paths are absolute. */
export type Image = z.infer<typeof imageManifest>;

/**
 * Finds the image in the cache, or fetches it there.
 *
 * An archive is a tar file (plain, gzip, xz or zstd: whatever the `tar` of this computer reads) with `image.json`, the disk, the kernel
 * and the initrd at its top. `file:` URLs work too.
 *
 * @throws VmrigError `IMAGE_MISSING` or `IMAGE_MISMATCH`
 */
export async function findImage(source: ImageSource, cacheFolder: string): Promise<Image> {
  const images = join(cacheFolder, "images");
  if (typeof source === "string") {
    return readImage(join(images, source), () => ({
      message: `The machine image "${source}" is not built on this computer.`,
      details: [`looked in ${join(images, source)}`],
      hint: `build it with infra/images/${source}/build of vmrig's repository (npm run setup does), or name a ready one: image: { url, sha256 }`,
    }));
  }
  const folder = join(images, `sha256-${source.sha256.toLowerCase()}`);
  const cached = await readImage(folder, () => undefined).catch(() => undefined);
  return cached ?? (await fetchImage(source, images, folder));
}

async function readImage(
  folder: string,
  missing: () => { message: string; details?: string[]; hint?: string } | undefined,
): Promise<Image> {
  let text: string;
  try {
    text = await readFile(join(folder, "image.json"), "utf8");
  } catch (cause) {
    throw new VmrigError("IMAGE_MISSING", { message: `There is no machine image in ${folder}.`, ...missing(), cause });
  }
  const parsed = imageManifest.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new VmrigError("IMAGE_MISSING", {
      message: `${join(folder, "image.json")} is no image manifest.`,
      details: z.prettifyError(parsed.error).split("\n"),
    });
  }
  const { disk, kernel, initrd, ...rest } = parsed.data;
  return { ...rest, disk: resolve(folder, disk), kernel: resolve(folder, kernel), initrd: resolve(folder, initrd) };
}

async function fetchImage(source: { url: string; sha256: string }, images: string, folder: string): Promise<Image> {
  await mkdir(images, { recursive: true });
  const work = await mkdtemp(join(images, ".fetch-"));
  try {
    const archive = join(work, "archive");
    const hash = createHash("sha256");
    let bytes = 0;
    await pipeline(
      await open(source.url),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(archive),
    );
    const measured = hash.digest("hex");
    if (measured !== source.sha256.toLowerCase()) {
      throw new VmrigError("IMAGE_MISMATCH", {
        message: `The image at ${source.url} has another sha256 than the config says; nothing of it is used.`,
        details: [`config    ${source.sha256.toLowerCase()}`, `measured  ${measured} (${bytes} bytes)`],
        hint: "if you trust the new image, put the measured sha256 in the config",
      });
    }
    const unpacked = join(work, "image");
    await mkdir(unpacked);
    await runProgram("tar", ["-xf", archive, "-C", unpacked, "--no-same-owner"]).catch((cause: unknown) => {
      throw new VmrigError("IMAGE_MISSING", { message: `tar cannot unpack the image from ${source.url}.`, cause });
    });
    const image = await readImage(unpacked, () => ({ message: `The archive at ${source.url} has no image.json at its top.` }));
    await rename(unpacked, folder).catch((error: NodeJS.ErrnoException) => {
      // Another run was quicker; its content is the same, by its hash.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    return {
      ...image,
      disk: moved(image.disk, unpacked, folder),
      kernel: moved(image.kernel, unpacked, folder),
      initrd: moved(image.initrd, unpacked, folder),
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function moved(path: string, from: string, to: string): string {
  return join(to, path.slice(from.length + 1));
}

async function open(url: string): Promise<Readable> {
  try {
    if (url.startsWith("file:")) {
      const handle = await openFile(fileURLToPath(url));
      return handle.createReadStream();
    }
    const response = await fetch(url);
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status} ${response.statusText}`);
    return Readable.from(response.body);
  } catch (cause) {
    throw new VmrigError("IMAGE_MISSING", {
      message: `The image at ${url} cannot be fetched: ${cause instanceof Error ? cause.message : String(cause)}.`,
      hint: "check the address and the network",
      cause,
    });
  }
}
