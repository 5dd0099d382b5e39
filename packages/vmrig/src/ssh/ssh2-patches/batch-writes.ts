import type { Socket } from "node:net";
import { nextTick } from "../../clock/real-time.ts";

/**
 * Batches the writes of a socket. ssh2 writes a packet in three pieces: its length, its content,
 * its seal. Without Nagle's algorithm each piece costs a system call and a segment. With this
 * patch, everything that is written in one tick of the event loop is sent together at its end; for
 * a file, that is as much as the window takes.
 */
export function batchWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let held = false;
  const flush = (): void => {
    held = false;
    socket.uncork();
  };
  socket.write = (...args: unknown[]) => {
    if (!held) {
      held = true;
      socket.cork();
      nextTick(flush);
    }
    return write(...args);
  };
}
