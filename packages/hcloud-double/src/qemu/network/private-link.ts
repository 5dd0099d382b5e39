import { rm } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { PrivateInterface } from "../../servers/backend.ts";
import { readFrames, writeFrame } from "./frame-stream.ts";
import type { Router } from "./router.ts";

/** An interface that QEMU can connect to the router. */
export interface PrivateLink extends Disposable {
  /** A unix socket. */
  readonly socket: string;
}

/** Listens for QEMU on a unix socket. The interface is plugged in while QEMU is connected. */
export async function openPrivateLink(
  router: Router,
  plugged: PrivateInterface,
  socketPath: string,
): Promise<PrivateLink> {
  await rm(socketPath, { force: true });
  const connected = new Set<Socket>();
  const listener = createServer((socket) => {
    connected.add(socket);
    const unplug = router.plug(plugged, (frame) => {
      // A guest that does not read its interface loses frames, as on any network.
      if (!socket.writableNeedDrain) writeFrame(socket, frame);
    });
    readFrames(socket, (frame) => router.receive(plugged.mac, frame));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      connected.delete(socket);
      unplug();
    });
  });
  listener.listen(socketPath);
  await once(listener, "listening");
  listener.unref();
  return {
    socket: socketPath,
    [Symbol.dispose]() {
      listener.close();
      for (const socket of connected) socket.destroy();
    },
  };
}
