import type { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import { ConnectionLostError } from "./connection-lost.ts";
import type { Session } from "./session.ts";
import { toStream } from "./stream.ts";
import { TunnelRefusedError } from "./tunnel-refused.ts";

/**
 * Address that a machine connects to: a TCP port as the machine sees it, or a unix socket of the
 * machine.
 */
export type Destination =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

const PROHIBITED = 1;

/**
 * Opens a `direct-tcpip` channel (RFC 4254, 7.2), or `direct-streamlocal@openssh.com` (OpenSSH,
 * PROTOCOL, 2.4). The machine resolves the host name, so `localhost` is the machine itself.
 *
 * @param signal aborts waiting for the tunnel; an open tunnel stays open
 */
export function tunnel(
  { client, name, closed }: Session,
  to: Destination,
  signal?: AbortSignal,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal?.reason);
    const settle = (): void => signal?.removeEventListener("abort", giveUp);
    const fail = (error: Error & { readonly reason?: unknown }): void => {
      settle();
      if (typeof error.reason === "number" && !closed.aborted) {
        // ssh2 writes: (SSH) Channel open failure: Connection refused
        reject(
          new TunnelRefusedError(
            error.message.replace(/^.*Channel open failure: /, "").toLowerCase(),
            error.reason === PROHIBITED,
          ),
        );
        return;
      }
      reject(
        new ConnectionLostError(false, {
          message: `The SSH connection to ${name} ended before a tunnel was open.`,
          cause: error,
        }),
      );
    };
    const opened = (error: Error | undefined, channel: ClientChannel): void => {
      if (error !== undefined) return fail(error);
      settle();
      const stream = toStream(channel, closed);
      // The caller has aborted.
      if (signal?.aborted === true) stream.destroy();
      else resolve(stream);
    };
    if (signal?.aborted === true) return giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      if ("path" in to) client.openssh_forwardOutStreamLocal(to.path, opened);
      else client.forwardOut("127.0.0.1", 0, to.host, to.port, opened);
    } catch (error) {
      fail(error as Error);
    }
  });
}
