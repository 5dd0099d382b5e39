import { lstat, readFile, realpath } from "node:fs/promises";
import { isAbsolute, join, normalize } from "node:path";
import { VmrigError, type ErrorFacts, type OptionNames, type WaitLimit } from "vmrig/driver";
import { z } from "zod";
import { imageManifest, type Image } from "./manifest.ts";
import { fetchImage } from "./fetch-image.ts";

/**
 * The name of an image built on this computer, or an archive that is fetched once and verified.
 */
export type ImageSource = string | ImageArchive;

interface ImageArchive {
  readonly url: string;
  readonly sha256: string;
}

export const ARCHIVE: OptionNames<ImageArchive> = { url: true, sha256: true };

export interface FindImageOptions extends WaitLimit {
  readonly cacheFolder: string;
}

/**
 * Finds the image in the cache, or fetches it into the cache.
 *
 * An archive is a tar file (plain, gzip, xz or zstd: all formats of this computer's `tar`) with
 * `image.json`, the disk, the kernel and the initrd at its top. `file:` URLs work too.
 *
 * @throws VmrigError `IMAGE_MISSING` or `IMAGE_MISMATCH`; `CONFIG_INVALID` for an invalid sha256;
 *   the signal's reason
 */
export async function findImage(
  source: ImageSource,
  { cacheFolder, ...limit }: FindImageOptions,
): Promise<Image> {
  limit.signal?.throwIfAborted();
  const images = join(cacheFolder, "images");
  if (typeof source === "string") {
    const name = join(images, source);
    // The name is a link that a build changes: digest and files must belong to one image.
    return readImage(await realpath(name).catch(() => name), {
      message: `The machine image "${source}" is not built on this computer.`,
      details: [`looked in ${join(images, source)}`],
      hint: `build it with infra/images/${source}/build of vmrig's repository (npm run setup does), or name a ready one: image: { url, sha256 }`,
    });
  }
  const sha256 = source.sha256.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `The image's sha256 is invalid: ${JSON.stringify(source.sha256)}.`,
      hint: "write the 64 hex digits that sha256sum prints for the archive",
    });
  }
  const folder = join(images, `sha256-${sha256}`);
  return (
    (await readImage(folder).catch(() => undefined)) ??
    (await fetchImage({ url: source.url, sha256, images, folder, read: readImage }, limit))
  );
}

/**
 * Reads an image's manifest and checks that its files exist.
 *
 * @throws VmrigError `IMAGE_MISSING`
 */
async function readImage(folder: string, missing?: ErrorFacts): Promise<Image> {
  const path = join(folder, "image.json");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new VmrigError("IMAGE_MISSING", {
      message: `There is no machine image in ${folder}.`,
      ...missing,
      cause,
    });
  });
  const parsed = imageManifest.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new VmrigError("IMAGE_MISSING", {
      message: `${path} is not an image manifest.`,
      details: z.prettifyError(parsed.error).split("\n"),
    });
  }
  const { disk, kernel, initrd, ...rest } = parsed.data;
  const [diskPath, kernelPath, initrdPath] = await Promise.all([
    fileOf(folder, disk),
    fileOf(folder, kernel),
    fileOf(folder, initrd),
  ]);
  return { ...rest, disk: diskPath, kernel: kernelPath, initrd: initrdPath };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

/**
 * Returns the path of a file in the manifest. A manifest may be untrusted: each name must be a file
 * in the image's folder, not a link to another place.
 */
async function fileOf(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const inside = !isAbsolute(name) && !normalize(name).startsWith("..");
  const found = inside ? await lstat(path).catch(() => undefined) : undefined;
  if (found?.isFile() === true) return path;
  throw new VmrigError("IMAGE_MISSING", {
    message: `${join(folder, "image.json")} lists ${JSON.stringify(name)}, which is ${inside ? "not a file in the same folder" : "outside its folder"}.`,
  });
}
