import type { Readable } from "node:stream";
import type { ClientChannel } from "ssh2";

/**
 * A session has one window for both of its outputs (RFC 4254 §5.2). ssh2 opens the window whenever
 * either output is read, so a command that writes a little to stderr could fill the memory with
 * unread stdout. With this patch, unread stdout keeps the window closed.
 */
export function keepReceiveWindowClosed(channel: ClientChannel): void {
  const stderr: Readable = channel.stderr;
  const push = stderr.push.bind(stderr);
  const read = stderr._read.bind(stderr);
  const waits = (): boolean => channel.readableLength >= channel.readableHighWaterMark;
  // ssh2 waits for the next `_read` when `push` returns `false`.
  stderr.push = (chunk: unknown, encoding?: BufferEncoding) => push(chunk, encoding) && !waits();
  stderr._read = (size) => {
    if (!waits()) read(size);
  };
}
