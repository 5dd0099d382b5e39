import { createServer, type AddressInfo, type Socket } from "node:net";
import ssh2, { type AuthContext } from "ssh2";
import type { PublicKey } from "../driver.ts";
import { serveForwarding } from "./forwarding.ts";
import { serveSession, type CommandEnvironment } from "./session.ts";

/** SSH access to a machine: a real SSH server on a free port of 127.0.0.1. */
export interface SshServer {
  readonly port: number;
  /** Makes this the only key that may log in. Before the first call, every login is refused. */
  admit(key: PublicKey): void;
  admitNone(): void;
  /** Ends every connection immediately and without a message. */
  closeConnections(): void;
  /** While `true`, the server closes every new connection without a reply. */
  refusesConnections: boolean;
}

export interface SshServerOptions extends CommandEnvironment {
  /** The machine's private host key, OpenSSH PEM. */
  readonly hostKey: string;
  readonly user: string;
}

export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const sockets = new Set<Socket>();
  let admitted: PublicKey = "";

  const ssh = new ssh2.Server({ hostKeys: [options.hostKey] }, (client) => {
    client.on("authentication", (attempt) => {
      if (attempt.username === options.user && isAdmitted(attempt, admitted)) attempt.accept();
      else attempt.reject(["publickey"]);
    });
    serveForwarding(client);
    client.on("session", (accept) => serveSession(accept(), options));
    client.on("error", () => {});
  });

  const listener = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {});
    if (server.refusesConnections) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve, reject) =>
    listener.once("error", reject).listen(0, "127.0.0.1", resolve),
  );

  const server: SshServer = {
    port: (listener.address() as AddressInfo).port,
    admit: (key) => void (admitted = key),
    admitNone: () => void (admitted = ""),
    closeConnections() {
      for (const socket of sockets) socket.destroy();
    },
    refusesConnections: false,
  };
  return server;
}

/**
 * Reads `admitted` as an authorized_keys file, with one key per line. RFC 4252 §7: the client first
 * asks without a signature whether a key would be accepted, and then signs the session id with it.
 */
function isAdmitted(attempt: AuthContext, admitted: string): boolean {
  if (attempt.method !== "publickey") return false;
  const { key, signature, blob, hashAlgo } = attempt;
  return admitted.split("\n").some((line) => {
    const known = ssh2.utils.parseKey(line);
    if (known instanceof Error || !key.data.equals(known.getPublicSSH())) return false;
    return (
      signature === undefined || (blob !== undefined && known.verify(blob, signature, hashAlgo))
    );
  });
}
