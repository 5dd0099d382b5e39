import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A TCP proxy on a loopback port that simulates network faults. */
export interface BadNetwork extends AsyncDisposable {
  readonly port: number;
  /**
   * Delivers nothing in either direction for this time, without closing connections. Delivers the
   * delayed data afterwards.
   */
  blackHole(ms: number): Promise<void>;
  /**
   * Resets every connection; clients can reconnect immediately. Returns the number of connections.
   */
  reset(): number;
}

export async function badNetwork(to: string): Promise<BadNetwork> {
  const clients = new Set<Socket>();
  const sockets = new Set<Socket>();
  let dark = false;
  const carry = (from: Socket, into: Socket): void => {
    sockets.add(from);
    if (dark) from.pause();
    from.on("error", () => {});
    from.on("data", (data) => into.write(data));
    from.on("close", () => {
      sockets.delete(from);
      into.destroy();
    });
  };
  const server = createServer((client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    const far = connect(to);
    carry(client, far);
    carry(far, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async blackHole(ms) {
      dark = true;
      for (const socket of sockets) socket.pause();
      await sleep(ms);
      dark = false;
      for (const socket of sockets) socket.resume();
    },
    reset() {
      const count = clients.size;
      for (const client of clients) client.resetAndDestroy();
      return count;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
