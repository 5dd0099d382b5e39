import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { VmrigError, explainWriteErrors, type WaitLimit } from "vmrig/driver";
import { abandonedDownloads } from "./abandoned-downloads.ts";
import { download } from "./download.ts";
import type { Image } from "./manifest.ts";
import { runProgram } from "../process/run-program.ts";

export interface FetchedImage {
  readonly url: string;
  /** In lower case. */
  readonly sha256: string;
  /** A folder on the same file system for temporary files, which are removed. */
  readonly images: string;
  /** The image's folder, which appears complete or not at all. */
  readonly folder: string;
  /** Reads an unpacked archive. Throws if it is not an image. */
  readonly read: (folder: string) => Promise<Image>;
}

/** Fetches an archive, verifies it, and unpacks it into the image's folder. */
export async function fetchImage(wanted: FetchedImage, limit: WaitLimit): Promise<Image> {
  const { images, folder, read } = wanted;
  for (const abandoned of await abandonedDownloads(images)) await abandoned.remove();
  const temporary = await explainWriteErrors(images, async () => {
    await mkdir(images, { recursive: true });
    return await mkdtemp(join(images, ".fetch-"));
  });
  try {
    const archive = join(temporary, "archive");
    await fetchVerified(wanted, archive, limit);
    const unpacked = join(temporary, "image");
    await unpack(wanted, archive, unpacked);
    await moveInto({ unpacked, folder, read });
    return await read(folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function fetchVerified(
  { url, sha256 }: FetchedImage,
  archive: string,
  limit: WaitLimit,
): Promise<void> {
  const measured = await download({ url, path: archive, ...limit });
  if (measured.sha256 === sha256) return;
  throw new VmrigError("IMAGE_MISMATCH", {
    message: `The sha256 of the image at ${url} does not match the config.`,
    details: [`config    ${sha256}`, `measured  ${measured.sha256} (${measured.bytes} bytes)`],
    hint: "if you trust the new image, put the measured sha256 in the config",
  });
}

async function unpack(
  { url, read }: FetchedImage,
  archive: string,
  unpacked: string,
): Promise<void> {
  await mkdir(unpacked);
  await runProgram("tar", ["-xf", archive, "-C", unpacked, "--no-same-owner"]).catch(
    (cause: unknown) => {
      throw new VmrigError("IMAGE_MISSING", {
        message: `tar cannot unpack the image from ${url}.`,
        cause,
      });
    },
  );
  await read(unpacked).catch((cause: unknown) => {
    const reason =
      cause instanceof Error ? cause.message.replaceAll(`${unpacked}/`, "").split("\n") : [];
    throw new VmrigError("IMAGE_MISSING", {
      message: `The archive at ${url} contains no machine image at its top level.`,
      details: reason,
      cause,
    });
  });
}

/**
 * Moves the unpacked image into place. If another run was faster, its image is equal by hash. An
 * existing folder without an image is replaced.
 */
async function moveInto({
  unpacked,
  folder,
  read,
}: Pick<FetchedImage, "folder" | "read"> & { readonly unpacked: string }): Promise<void> {
  try {
    await rename(unpacked, folder);
  } catch (error) {
    const existing = await read(folder).catch(() => undefined);
    if (existing !== undefined) return;
    await rm(folder, { recursive: true, force: true });
    await rename(unpacked, folder).catch(() => {
      throw error;
    });
  }
}
