import { chmod } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import type { Gate } from "./gate.ts";
import { serveClient, type PresentError } from "./serve-client.ts";

export interface GateServer {
  /** Accepts no more clients and ends the connections. The gate itself stays open. */
  close(): Promise<void>;
}

/**
 * Serves a gate over a unix socket that only this user can open. The socket listens before the gate
 * is open, so that an early client waits instead of failing. When the gate cannot be opened, the
 * reply to every request is the reason.
 */
export async function serveGate(
  path: string,
  gate: Promise<Gate>,
  present: PresentError = (error) => error,
): Promise<GateServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveClient(socket, gate, present);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  await chmod(path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
