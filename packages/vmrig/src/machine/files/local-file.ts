import { open } from "node:fs/promises";

/** Half of the window that OpenSSH gives: one piece is on its way while the next one is read. */
const PIECE_BYTES = 1024 * 1024;

/**
 * The first bytes of a file, as many as it had when it was looked at. Two buffers take turns: what
 * was yielded is overwritten when the next piece is asked for. New memory for each piece takes as
 * long as its encryption.
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
    // Nobody may be there any more to hear it.
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
