import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { readLines } from "./json-lines.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";

export interface Client {
  /** Sends an object as one line of JSON; text and bytes unchanged. */
  send(what: object | string): void;
  readonly socket: Socket;
}

export interface SocketServer {
  readonly path: string;
  /** All received messages of all clients. */
  readonly received: unknown[];
  /** Number of open connections. */
  open(): number;
}

/** Listens on a unix socket for lines of JSON; closed after the test. */
export async function listen(
  onConnect: (client: Client) => void,
  onMessage: (message: never, client: Client) => void,
  where?: string,
): Promise<SocketServer> {
  const path = where ?? join(await tempFolder(), "s");
  const received: unknown[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    const client: Client = {
      socket,
      send(what) {
        if (typeof what === "string") socket.write(what, "latin1");
        else if (what instanceof Uint8Array) socket.write(what);
        else socket.write(`${JSON.stringify(what)}\r\n`);
      },
    };
    readLines(socket, (message) => {
      received.push(message);
      onMessage(message as never, client);
    });
    onConnect(client);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { path, received, open: () => sockets.size };
}
