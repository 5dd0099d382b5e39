import { createWriteStream } from "node:fs";
import { chmod, mkdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import { misfit, type LocalStaging } from "./local-folder.ts";
import { unpack } from "./local-tar.ts";
import type { TransferOptions } from "./transfer-options.ts";
import { contentMeter } from "./tar-header.ts";

type Piece = (chunk: Buffer) => void;

/**
 * Writes the data of a machine to the temporary path. Returns in `path` the path that is to be
 * moved.
 */
export async function receive(
  output: Readable,
  staging: LocalStaging,
  { onProgress }: TransferOptions,
): Promise<{ path: string }> {
  const chunks = output[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const { line, rest } = await firstLine(chunks);
  const [kind = "", mode = "", mtime = "", size = ""] = line.split(" ");
  const total = Number(size);
  const { temp, target, targetIsFolder, targetIsThere, targetIsSpecial } = staging;
  const isFile = kind === "file";
  if (isFile && targetIsFolder) throw misfit(target, "it is a folder");
  if (!isFile && targetIsThere && !targetIsFolder) throw misfit(target, "it is a file");

  const meter = isFile ? countBytes() : contentMeter();
  const passed = (chunk: Buffer): void =>
    onProgress?.({ bytes: Math.min(meter(chunk), total), total });
  const content = follow(rest, chunks, onProgress === undefined ? undefined : passed);
  if (isFile && targetIsSpecial) {
    await pipeline(content, createWriteStream(target));
  } else if (isFile) {
    await pipeline(content, createWriteStream(temp, { flags: "wx", mode: 0o600 }));
    await chmod(temp, Number.parseInt(mode, 8));
    await utimes(temp, Number(mtime), Number(mtime));
  } else {
    await unpackInto(join(temp, "content"), temp, content);
  }
  onProgress?.({ bytes: total, total });
  if (targetIsSpecial) return { path: target };
  return { path: isFile ? temp : join(temp, "content") };
}

async function unpackInto(
  folder: string,
  temp: string,
  content: AsyncIterable<Buffer>,
): Promise<void> {
  await mkdir(temp, { mode: 0o700 });
  await mkdir(folder);
  const archive = unpack(folder);
  const { input } = archive;
  try {
    for await (const chunk of content) {
      // `tar` exits at the end of the archive and does not read the padding behind it.
      if (input.destroyed) await archive.done;
      else if (!input.write(chunk)) await drained(input);
    }
    input.end();
    await archive.done;
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
  passed: Piece | undefined,
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
