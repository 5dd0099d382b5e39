import type { Duplex } from "node:stream";
import { ConnectionLostError } from "./connection-lost.ts";
import type { Session } from "./session.ts";

/** The machine did not make the TCP connection. */
export class TunnelRefusedError extends Error {
  /** Its sshd forbids forwarding: `SSH_OPEN_ADMINISTRATIVELY_PROHIBITED`, RFC 4254, 5.1. */
  readonly forbidden: boolean;

  constructor(message: string, forbidden: boolean) {
    super(message);
    this.name = "TunnelRefusedError";
    this.forbidden = forbidden;
  }
}

const PROHIBITED = 1;

/** Opens a `direct-tcpip` channel: RFC 4254, 7.2. The machine looks the host up, so `localhost` is the machine itself. */
export function tunnel({ client, name, closed }: Session, host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error & { readonly reason?: unknown }): void => {
      if (typeof error.reason === "number" && !closed.aborted) {
        // ssh2 writes: (SSH) Channel open failure: Connection refused
        reject(new TunnelRefusedError(error.message.replace(/^.*Channel open failure: /, "").toLowerCase(), error.reason === PROHIBITED));
        return;
      }
      reject(new ConnectionLostError(false, { message: `The SSH connection to ${name} ended before a tunnel was open.`, cause: error }));
    };
    try {
      client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => (error === undefined ? resolve(channel) : fail(error)));
    } catch (error) {
      fail(error as Error);
    }
  });
}
