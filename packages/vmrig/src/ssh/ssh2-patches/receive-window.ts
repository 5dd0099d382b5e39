import type { Readable } from "node:stream";
import type { ClientChannel } from "ssh2";

/**
 * A session has one window for both of its outputs (RFC 4254 §5.2). ssh2 opens it whenever either
 * is read: a command that writes a little to stderr could then fill the memory with the stdout that
 * nobody reads yet. With this, stdout that waits keeps the window shut.
 */
export function keepReceiveWindowClosed(channel: ClientChannel): void {
  const stderr: Readable = channel.stderr;
  const push = stderr.push.bind(stderr);
  const read = stderr._read.bind(stderr);
  const waits = (): boolean => channel.readableLength >= channel.readableHighWaterMark;
  // ssh2 takes `false` for: not before somebody reads.
  stderr.push = (chunk: unknown, encoding?: BufferEncoding) => push(chunk, encoding) && !waits();
  stderr._read = (size) => {
    if (!waits()) read(size);
  };
}
