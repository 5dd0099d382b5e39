import type { Socket } from "node:net";

/**
 * Makes one write of all that is written in one turn. ssh2 writes each packet in three pieces (length, content, tag), and without Nagle's
 * algorithm each piece would be a system call and a segment of its own, for which sshd is woken.
 */
export function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let gathering = false;
  const send = (): void => {
    gathering = false;
    socket.uncork();
  };
  socket.write = (...args: unknown[]) => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      process.nextTick(send);
    }
    return write(...args);
  };
}
