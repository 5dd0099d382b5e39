import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import type { Agent, buildConnector } from "undici";
import { loadWithRealTime } from "../../clock/load-with-real-time.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { openTunnel } from "./open-tunnel.ts";
import { encrypt } from "./encrypt.ts";

export interface Route {
  /** Unix socket for all requests, regardless of the host. */
  readonly socketPath?: string | undefined;
  readonly tls?: ConnectionOptions | undefined;
}

type Undici = typeof import("undici");

/** Loading takes a tenth of a second. Most tests do not need it. */
export const loadUndici = (): Undici => loadWithRealTime("undici") as Undici;

/**
 * Creates an agent that sends requests through a machine. Each request has a separate connection,
 * so that no connection stays open. The signal limits the waiting time.
 */
export function createAgent(
  context: Pick<ExecutionContext, "link">,
  { socketPath, tls }: Route,
  signal: AbortSignal,
): Agent {
  const open = async ({ hostname, port, protocol }: buildConnector.Options): Promise<Duplex> => {
    const secure = protocol === "https:";
    const tunnel = await openTunnel(
      context,
      socketPath === undefined
        ? { host: hostname, port: Number(port || (secure ? 443 : 80)) }
        : { path: socketPath },
      signal,
    );
    // As with a socket of Node.js: the client relies on its close to detect a truncated response.
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
    done(null, stream as Socket); // undici only uses it as a stream
  };
  const { Agent: UndiciAgent } = loadUndici();
  return new UndiciAgent({
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (options, done) => void connect(options, done),
  });
}
