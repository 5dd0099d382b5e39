import type { Socket } from "node:net";

/**
 * ssh2 writes a packet in three pieces: its length, its content, its seal. Without Nagle's
 * algorithm each is a system call and a segment. What is written in one turn of the event loop is
 * held until its end, and goes out at once: for a file as much of it as the window takes.
 */
export function batchWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let held = false;
  const letGo = (): void => {
    held = false;
    socket.uncork();
  };
  socket.write = (...args: unknown[]) => {
    if (!held) {
      held = true;
      socket.cork();
      process.nextTick(letGo);
    }
    return write(...args);
  };
}
