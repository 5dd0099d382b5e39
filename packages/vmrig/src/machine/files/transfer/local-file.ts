import type { BigIntStats } from "node:fs";
import { open, statfs } from "node:fs/promises";

/** Chunk size: half of OpenSSH's window, so that one chunk is sent while the next one is read. */
const PIECE_BYTES = 1024 * 1024;

/** A file changed between its stat and the end of its content. */
export class FileChanged extends Error {}

/**
 * Yields the content of a file. The last piece comes only if the file has not changed since its
 * stat, so that a reader never has the complete content of a file that changed. Two buffers
 * alternate: a yielded chunk is overwritten when the next chunk is requested. Allocating a buffer
 * for each chunk takes as long as its encryption.
 *
 * @throws FileChanged
 */
export async function* readPieces(
  path: string,
  facts: BigIntStats,
): AsyncGenerator<Buffer, void, undefined> {
  await using file = await open(path);
  const bytes = Number(facts.size);
  const size = Math.min(bytes, PIECE_BYTES);
  let [buffer, other] = [Buffer.allocUnsafe(size), Buffer.allocUnsafe(size)];
  const read = (at: number): Promise<{ bytesRead: number }> => {
    const reading = file.read(buffer, 0, Math.min(size, bytes - at), at);
    // The pending read may fail after the reader has gone.
    reading.catch(() => {});
    return reading;
  };
  let next = read(0);
  for (let at = 0; at < bytes;) {
    const { bytesRead } = await next;
    if (bytesRead === 0) throw new FileChanged();
    const piece = buffer.subarray(0, bytesRead);
    at += bytesRead;
    if (at === bytes && !isSame(facts, await file.stat({ bigint: true }))) throw new FileChanged();
    [buffer, other] = [other, buffer];
    next = read(at);
    yield piece;
  }
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.size === other.size && one.mtimeNs === other.mtimeNs;
}

/** Types of file systems that know their holes: statfs(2). ext, tmpfs, XFS and Btrfs. */
const EXACT: ReadonlySet<number> = new Set([0xef53, 0x01021994, 0x58465342, 0x9123683e]);
/** ext4 and Btrfs store the content of small files without a block. */
export const MAX_INLINE = 64 * 1024;

/** Returns whether a file without blocks is a hole. On some file systems, it contains data. */
export async function isHole(path: Buffer, bytes: number): Promise<boolean> {
  if (bytes > MAX_INLINE && EXACT.has((await statfs(path)).type)) return true;
  await using file = await open(path);
  const zeros = Buffer.alloc(PIECE_BYTES);
  const buffer = Buffer.alloc(PIECE_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES);
    if (bytesRead === 0) return true;
    if (!buffer.subarray(0, bytesRead).equals(zeros.subarray(0, bytesRead))) return false;
  }
}
