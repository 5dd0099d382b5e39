import { connect, createServer, type Server, type Socket } from "node:net";
import type { Connection, ServerChannel, SocketBindInfo, TcpipBindInfo } from "ssh2";

type Accept = (port?: number) => void;
type Reject = () => void;
type Open = (opened: (error: Error | undefined, channel: ServerChannel) => void) => void;

/**
 * Forwards connections through the machine in both directions, as OpenSSH does: RFC 4254, 7, and
 * `streamlocal` of OpenSSH's PROTOCOL, 2.4.
 */
export function serveForwarding(client: Connection): void {
  const ends = new Set<Socket>();
  const listeners = new Map<string | number, Server>();
  client.on("close", () => {
    for (const end of ends) end.destroy();
    for (const listener of listeners.values()) listener.close();
  });
  const hold = (socket: Socket): Socket => {
    ends.add(socket);
    return socket.on("error", () => {}).on("close", () => ends.delete(socket));
  };

  const reach = (socket: Socket, accept: () => ServerChannel, reject: () => void): void => {
    hold(socket).once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      join(accept(), socket);
    });
  };
  client.on("tcpip", (accept, reject, { destIP, destPort }) =>
    reach(connect({ host: destIP, port: destPort, allowHalfOpen: true }), accept, reject),
  );
  client.on("openssh.streamlocal", (accept, reject, { socketPath }) =>
    reach(connect({ path: socketPath, allowHalfOpen: true }), accept, reject),
  );

  const listen = (
    address: string | number,
    openFor: (server: Server) => Open,
    done: (server: Server) => void,
    refuse: () => void,
  ): void => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      hold(socket);
      openFor(server)((error, channel) =>
        error === undefined ? join(channel, socket) : socket.destroy(),
      );
    });
    server.once("error", refuse);
    const listening = (): void => {
      listeners.set(portOf(server) ?? address, server);
      done(server);
    };
    if (typeof address === "string") server.listen(address, listening);
    else server.listen(address, "127.0.0.1", listening);
  };
  const unlisten = (address: string | number): boolean => {
    listeners.get(address)?.close();
    return listeners.delete(address);
  };
  client.on(
    "request",
    (
      accept: Accept | undefined,
      reject: Reject | undefined,
      name: string,
      { bindAddr, bindPort }: TcpipBindInfo,
    ) => {
      if (name === "cancel-tcpip-forward") return answer(unlisten(bindPort), accept, reject);
      if (name !== "tcpip-forward") return;
      listen(
        bindPort,
        (server) => (opened) =>
          void client.forwardOut(bindAddr, portOf(server) ?? 0, "127.0.0.1", 0, opened),
        (server) => accept?.(portOf(server)),
        () => reject?.(),
      );
    },
  );
  client.on(
    "request",
    (accept: Accept | undefined, reject: Reject, name: string, { socketPath }: SocketBindInfo) => {
      if (name === "cancel-streamlocal-forward@openssh.com")
        return answer(unlisten(socketPath), accept, reject);
      if (name !== "streamlocal-forward@openssh.com") return;
      listen(
        socketPath,
        () => (opened) => void client.openssh_forwardOutStreamLocal(socketPath, opened),
        () => accept?.(),
        reject,
      );
    },
  );
}

function answer(good: boolean, accept: Accept | undefined, reject: Reject | undefined): void {
  if (good) accept?.();
  else reject?.();
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return address === null || typeof address === "string" ? undefined : address.port;
}

function join(channel: ServerChannel, socket: Socket): void {
  channel.on("error", () => {});
  channel.on("close", () => socket.destroy());
  socket.on("close", () => channel.close());
  channel.pipe(socket).pipe(channel);
}
