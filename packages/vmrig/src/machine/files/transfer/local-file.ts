import { open } from "node:fs/promises";

/** Chunk size: half of OpenSSH's window, so that one chunk is sent while the next one is read. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Yields the first `bytes` bytes of a file: the size that the file had at its stat. Two buffers
 * alternate: a yielded chunk is overwritten when the next chunk is requested. Allocating a buffer
 * for each chunk takes as long as its encryption.
 */
export async function* readPieces(
  path: string,
  bytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  await using file = await open(path);
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
    if (bytesRead === 0) return;
    const piece = buffer.subarray(0, bytesRead);
    at += bytesRead;
    [buffer, other] = [other, buffer];
    next = read(at);
    yield piece;
  }
}
