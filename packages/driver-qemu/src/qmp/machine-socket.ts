import type { Socket } from "node:net";

export interface MachineSocket {
  readonly path: string;
  /** Machine name for errors: `pc1`. */
  readonly machine: string;
}

/** Closes a connection, and waits until it is closed. */
export function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve()).destroy();
  });
}
