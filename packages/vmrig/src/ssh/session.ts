import type { Client } from "ssh2";
import type { ReplyDeadlines } from "./reply-deadlines.ts";
import type { Clock } from "../clock/clock.ts";

/** The connection, as commands and tunnels use it. */
export interface Session {
  readonly client: Client;
  readonly name: string;
  readonly clock: Clock;
  readonly closed: AbortSignal;
  readonly answers: ReplyDeadlines;
  /** Number of bytes that have arrived. */
  readonly received: () => number;
  /** Ends a connection whose other side is gone. */
  readonly drop: (cause: Error) => void;
  /** Whether this side is closing the connection. */
  readonly hungUp: () => boolean;
}

/** A terminal on the machine. */
export interface Pty {
  readonly columns: number;
  readonly rows: number;
  /** Value of TERM for the command. */
  readonly term: string;
}
