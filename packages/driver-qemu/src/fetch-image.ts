import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, open as openFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { VmrigError } from "vmrig/driver";
import type { Image } from "./image.ts";
import { runProgram } from "./run-program.ts";

interface Source {
  readonly url: string;
  /** In lower case. */
  readonly sha256: string;
}

/**
 * Fetches an archive, checks it, and unpacks it into `folder`, which appears whole or not at all.
 *
 * @param images A folder of the same file system, for work in progress; nothing stays there.
 * @param read Reads what an unpacked archive holds, and throws when that is no image.
 */
export async function fetchImage(
  { url, sha256 }: Source,
  images: string,
  folder: string,
  read: (folder: string) => Promise<Image>,
): Promise<Image> {
  await mkdir(images, { recursive: true });
  const work = await mkdtemp(join(images, ".fetch-"));
  try {
    const archive = join(work, "archive");
    const measured = await download(url, archive);
    if (measured.sha256 !== sha256) {
      throw new VmrigError("IMAGE_MISMATCH", {
        message: `The image at ${url} has another sha256 than the config says; nothing of it is used.`,
        details: [`config    ${sha256}`, `measured  ${measured.sha256} (${measured.bytes} bytes)`],
        hint: "if you trust the new image, put the measured sha256 in the config",
      });
    }
    const unpacked = join(work, "image");
    await mkdir(unpacked);
    await runProgram("tar", ["-xf", archive, "-C", unpacked, "--no-same-owner"]).catch((cause: unknown) => {
      throw new VmrigError("IMAGE_MISSING", { message: `tar cannot unpack the image from ${url}.`, cause });
    });
    await read(unpacked).catch((cause: unknown) => {
      const said = cause instanceof Error ? cause.message.replaceAll(`${unpacked}/`, "").split("\n") : [];
      throw new VmrigError("IMAGE_MISSING", { message: `The archive at ${url} holds no machine image at its top.`, details: said, cause });
    });
    await moveInto(unpacked, folder, read);
    return await read(folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Another run may have been quicker: its content is the same, by its hash. What is there and is no image was left by something else. */
async function moveInto(unpacked: string, folder: string, read: (folder: string) => Promise<unknown>): Promise<void> {
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

async function download(url: string, path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    await pipeline(
      await open(url),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(path),
    );
  } catch (cause) {
    throw new VmrigError("IMAGE_MISSING", {
      message: `The image at ${url} cannot be fetched: ${words(cause)}.`,
      ...(bytes > 0 && { details: [`after ${bytes} bytes`] }),
      hint: "check the address and the network",
      cause,
    });
  }
  return { sha256: hash.digest("hex"), bytes };
}

async function open(url: string): Promise<Readable> {
  if (url.startsWith("file:")) {
    const handle = await openFile(fileURLToPath(url));
    return handle.createReadStream();
  }
  const response = await fetch(url);
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status} ${response.statusText}`);
  }
  return Readable.from(response.body);
}

/** `fetch failed` and `terminated` say nothing: what happened stands in their cause. */
function words(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? `${thrown.message} (${thrown.cause.message})` : thrown.message;
}
