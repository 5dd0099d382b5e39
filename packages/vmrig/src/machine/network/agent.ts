import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { Agent } from "undici";
import type { Destination } from "../../ssh/tunnel.ts";
import type { Seat } from "../seat.ts";
import { openTunnel } from "./open-tunnel.ts";

export interface Route {
  /** Leads there, whatever the host. */
  readonly socketPath?: string | undefined;
  readonly tls?: ConnectionOptions | undefined;
}

/** Sends requests through a machine. Each has a connection of its own, so that none is left behind. It waits as long as the signal lets it. */
export async function createAgent(seat: Pick<Seat, "link">, { socketPath, tls }: Route, signal: AbortSignal): Promise<Agent> {
  // A tenth of a second, which most tests need not pay.
  const undici = await import("undici");
  return new undici.Agent({
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect({ hostname, port, protocol }, done) {
      const secure = protocol === "https:";
      const to: Destination =
        socketPath === undefined ? { host: hostname, port: Number(port || (secure ? 443 : 80)) } : { path: socketPath };
      const ready = openTunnel(seat, to, signal).then((tunnel) => {
        // As a socket of Node.js, whose client waits for its close to find an answer too short.
        tunnel.allowHalfOpen = false;
        return secure ? encrypt(tunnel, hostname, tls) : tunnel;
      });
      ready.then(
        // It asks for no more than a stream.
        (stream) => done(null, stream as Socket),
        (error: Error) => done(error, null),
      );
    },
  });
}

function encrypt(tunnel: Duplex, host: string, options: ConnectionOptions | undefined): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const secured = connectTls({ socket: tunnel, host, ALPNProtocols: ["http/1.1"], ...name, ...options });
    // One that breaks breaks the other.
    tunnel.once("error", (error) => secured.destroy(error));
    secured.once("close", () => tunnel.destroy());
    secured.once("error", reject);
    secured.once("secureConnect", () => resolve(secured));
  });
}
