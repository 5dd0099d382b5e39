import { createWriteStream } from "node:fs";
import { chmod, mkdir, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import { openSpecial } from "../local-special.ts";
import { checkLocalSpace } from "./free-space.ts";
import { misfit, type LocalStaging } from "./local-folder.ts";
import { unpack } from "./local-tar.ts";
import { type LeftOut, toPath } from "./result.ts";
import type { TransferOptions } from "./transfer-options.ts";
import { contentMeter } from "./tar-header.ts";

type Piece = (chunk: Buffer) => void;

/** What a machine sent: a file that was written to `path`, or the list of a folder. */
export type Received =
  | { readonly kind: "file"; readonly path: string; readonly bytes: number }
  | { readonly kind: "folder"; readonly listing: Buffer };

/**
 * Writes the file of a machine to the temporary path, or returns the list of a folder.
 *
 * @param signal ends the wait for a program that reads a FIFO
 */
export async function receive(
  output: Readable,
  staging: LocalStaging,
  { onProgress }: TransferOptions,
  signal: AbortSignal,
): Promise<Received> {
  const chunks = output[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const { line, rest } = await firstLine(chunks);
  const [kind = "", mode = "", mtime = "", size = "", blocks = ""] = line.split(" ");
  const { temp, target, targetIsFolder, targetIsThere, targetIsSpecial } = staging;
  if (kind === "folder") {
    if (targetIsThere && !targetIsFolder) throw misfit(target, "it is a file");
    return { kind, listing: await whole(follow(rest, chunks)) };
  }
  if (targetIsFolder) throw misfit(target, "it is a folder");
  const total = Number(size);
  if (!targetIsSpecial)
    await checkLocalSpace(dirname(temp), target, Math.min(total, Number(blocks) * 512));
  if (kind === "sparse") {
    const archive = await receiveArchive(follow(rest, chunks), staging, total, { onProgress });
    return { kind: "file", path: join(archive.path, "file"), bytes: total };
  }
  const meter = countBytes();
  const content = follow(rest, chunks, (chunk) => {
    const bytes = meter(chunk);
    onProgress?.({ bytes: Math.min(bytes, total), total });
  });
  if (targetIsSpecial) {
    await pipeline(content, await openSpecial(target, signal), { signal });
  } else {
    await pipeline(content, createWriteStream(temp, { flags: "wx", mode: 0o600 }));
    await chmod(temp, Number.parseInt(mode, 8));
    await utimes(temp, Number(mtime), Number(mtime));
  }
  onProgress?.({ bytes: total, total });
  return { kind: "file", path: targetIsSpecial ? target : temp, bytes: meter(Buffer.alloc(0)) };
}

/** Unpacks the archive of a folder. Returns the path that is to be moved. */
export async function receiveArchive(
  output: AsyncIterable<Buffer>,
  { temp }: LocalStaging,
  total: number,
  { onProgress }: TransferOptions,
): Promise<{ readonly path: string; readonly leftOut: readonly LeftOut[] }> {
  const path = join(temp, "content");
  await mkdir(temp, { mode: 0o700 });
  await mkdir(path);
  const meter = contentMeter();
  const archive = await unpack(path);
  const { input } = archive;
  try {
    for await (const chunk of output) {
      // `tar` exits at the end of the archive and does not read the padding behind it.
      if (input.destroyed) await archive.done;
      else if (!input.write(chunk)) await drained(input);
      onProgress?.({ bytes: Math.min(meter.read(chunk), total), total });
    }
    input.end();
    const { attributes } = await archive.done;
    onProgress?.({ bytes: total, total });
    return { path, leftOut: attributes.map(({ name, why }) => ({ path: toPath(name), why })) };
  } finally {
    archive.kill();
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off("drain", go).off("close", go);
      resolve();
    };
    stream.on("drain", go).on("close", go);
  });
}

async function firstLine(
  chunks: AsyncIterator<Buffer, undefined>,
): Promise<{ line: string; rest: Buffer }> {
  let head = Buffer.alloc(0);
  for (;;) {
    const next = await chunks.next();
    if (next.done === true)
      throw new VmrigError("FILE_FAILED", { message: "The machine sent no data." });
    head = Buffer.concat([head, next.value]);
    const end = head.indexOf("\n");
    if (end >= 0) return { line: head.toString("latin1", 0, end), rest: head.subarray(end + 1) };
  }
}

async function* follow(
  first: Buffer,
  chunks: AsyncIterator<Buffer, undefined>,
  passed?: Piece,
): AsyncGenerator<Buffer, void, undefined> {
  for (let chunk = first; ;) {
    yield chunk;
    passed?.(chunk);
    const next = await chunks.next();
    if (next.done === true) return;
    chunk = next.value;
  }
}

function countBytes(): (chunk: Uint8Array) => number {
  let bytes = 0;
  return (chunk) => (bytes += chunk.length);
}

async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
