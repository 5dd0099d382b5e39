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
  /** Delays each piece of data in both directions by `delayMs`, for this time. */
  slow(ms: number, delayMs: number): Promise<void>;
  /**
   * Delivers to the server for this time, and loses its replies. Connections are reset afterwards.
   */
  loseReplies(ms: number): Promise<void>;
  /**
   * Resets every connection; clients can reconnect immediately. Returns the number of connections.
   */
  reset(): number;
}

export async function badNetwork(to: string): Promise<BadNetwork> {
  const clients = new Set<Socket>();
  const sockets = new Set<Socket>();
  let dark = false;
  let mute = false;
  let delayMs = 0;
  const reset = (): number => {
    const count = clients.size;
    for (const client of clients) client.resetAndDestroy();
    return count;
  };
  const carry = (from: Socket, into: Socket, isReply: boolean): void => {
    let last = Promise.resolve();
    sockets.add(from);
    if (dark) from.pause();
    from.on("error", () => {});
    from.on("data", (data) => {
      if (isReply && mute) return;
      // In order: data behind delayed data waits for it.
      const arrives = performance.now() + delayMs;
      last = last.then(async () => {
        const left = arrives - performance.now();
        if (left > 0) await sleep(left);
        if (!into.destroyed) into.write(data);
      });
    });
    from.on("close", () => {
      sockets.delete(from);
      void last.then(() => into.destroy());
    });
  };
  const server = createServer((client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    const far = connect(to);
    carry(client, far, false);
    carry(far, client, true);
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
    async slow(ms, delay) {
      delayMs = delay;
      await sleep(ms);
      delayMs = 0;
    },
    async loseReplies(ms) {
      mute = true;
      await sleep(ms);
      // A reply that comes now would be taken for the answer to an earlier command.
      reset();
      mute = false;
    },
    reset,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
