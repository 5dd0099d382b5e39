import type { Duplex } from "node:stream";

/**
 * Address on which a machine listens: a port of its loopback interface (0: a free port that the
 * machine chooses), or a unix socket.
 */
export type ListenAddress = { readonly port: number } | { readonly path: string };

export interface RemoteListener {
  /** Port that the machine listens on. `undefined` for a unix socket. */
  readonly port: number | undefined;
  /** Makes the machine stop listening. Accepted connections stay open. */
  close(): Promise<void>;
}

/** Receives each connection that the machine has accepted. */
export type AcceptStream = (stream: Duplex) => void;

/** Makes the machine listen. @throws ListenRefusedError, ConnectionLostError */
export type Listen = (place: ListenAddress, meet: AcceptStream) => Promise<RemoteListener>;

/** The machine refused to listen on the address. SSH does not transmit a reason. */
export class ListenRefusedError extends Error {
  override name = "ListenRefusedError";
}
