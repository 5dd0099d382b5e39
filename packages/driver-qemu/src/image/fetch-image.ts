import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { VmrigError, explainWriteErrors, type WaitLimit } from "vmrig/driver";
import { abandonedDownloads } from "./abandoned-downloads.ts";
import { download } from "./download.ts";
import type { Image } from "./manifest.ts";
import { runProgram } from "../process/run-program.ts";

interface Source {
  readonly url: string;
  /** In lower case. */
  readonly sha256: string;
}

/**
 * Fetches an archive, verifies it, and unpacks it into `folder`, which appears complete or not at
 * all.
 *
 * @param images A folder on the same file system for temporary files, which are removed.
 * @param read Reads an unpacked archive, and throws if it is not an image.
 */
export async function fetchImage(
  { url, sha256 }: Source,
  images: string,
  folder: string,
  read: (folder: string) => Promise<Image>,
  patience: WaitLimit = {},
): Promise<Image> {
  for (const left of await abandonedDownloads(images)) await left.remove();
  const work = await explainWriteErrors(images, async () => {
    await mkdir(images, { recursive: true });
    return await mkdtemp(join(images, ".fetch-"));
  });
  try {
    const archive = join(work, "archive");
    const measured = await download(url, archive, patience);
    if (measured.sha256 !== sha256) {
      throw new VmrigError("IMAGE_MISMATCH", {
        message: `The image at ${url} has a different sha256 from the config; it is not used.`,
        details: [`config    ${sha256}`, `measured  ${measured.sha256} (${measured.bytes} bytes)`],
        hint: "if you trust the new image, put the measured sha256 in the config",
      });
    }
    const unpacked = join(work, "image");
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
    await moveInto(unpacked, folder, read);
    return await read(folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Moves the unpacked image into place. If another run was faster, its image is equal by hash. An
 * existing folder without an image is replaced.
 */
async function moveInto(
  unpacked: string,
  folder: string,
  read: (folder: string) => Promise<unknown>,
): Promise<void> {
  try {
    await rename(unpacked, folder);
  } catch (error) {
    const there = await read(folder).catch(() => undefined);
    if (there !== undefined) return;
    await rm(folder, { recursive: true, force: true });
    await rename(unpacked, folder).catch(() => {
      throw error;
    });
  }
}
