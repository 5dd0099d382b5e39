import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { Agent, buildConnector } from "undici";
import type { ExecutionContext } from "../command/execution-context.ts";
import { openTunnel } from "./open-tunnel.ts";

export interface Route {
  /** Leads there, whatever the host. */
  readonly socketPath?: string | undefined;
  readonly tls?: ConnectionOptions | undefined;
}

/**
 * Sends requests through a machine. Each has a connection of its own, so that none is left behind.
 * It waits as long as the signal lets it.
 */
export async function createAgent(
  context: Pick<ExecutionContext, "link">,
  { socketPath, tls }: Route,
  signal: AbortSignal,
): Promise<Agent> {
  // A tenth of a second, which most tests need not pay.
  const undici = await import("undici");
  const open = async ({ hostname, port, protocol }: buildConnector.Options): Promise<Duplex> => {
    const secure = protocol === "https:";
    const tunnel = await openTunnel(
      context,
      socketPath === undefined
        ? { host: hostname, port: Number(port || (secure ? 443 : 80)) }
        : { path: socketPath },
      signal,
    );
    // As a socket of Node.js, whose client waits for its close to find an answer too short.
    tunnel.allowHalfOpen = false;
    return secure ? await encrypt(tunnel, hostname, tls) : tunnel;
  };
  const connect = async (
    options: buildConnector.Options,
    done: buildConnector.Callback,
  ): Promise<void> => {
    let stream: Duplex;
    try {
      stream = await open(options);
    } catch (error) {
      return done(error as Error, null);
    }
    done(null, stream as Socket); // it asks for no more than a stream
  };
  return new undici.Agent({
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (options, done) => void connect(options, done),
  });
}

function encrypt(
  tunnel: Duplex,
  host: string,
  options: ConnectionOptions | undefined,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const secured = connectTls({
      socket: tunnel,
      host,
      ALPNProtocols: ["http/1.1"],
      ...name,
      ...options,
    });
    // One that breaks breaks the other.
    tunnel.once("error", (error) => secured.destroy(error));
    secured.once("close", () => tunnel.destroy());
    secured.once("error", reject);
    secured.once("secureConnect", () => resolve(secured));
  });
}
