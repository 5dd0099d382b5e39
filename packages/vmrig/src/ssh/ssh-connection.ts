import type { Duplex } from "node:stream";
import type { ExecOptions, ExecResult } from "./exec.ts";
import type { ProcessOptions } from "./remote-process.ts";
import type { Ending } from "./ending.ts";
import type { Listen } from "./listen.ts";
import type { Destination } from "./tunnel.ts";

/** An SSH connection that carries any number of concurrent commands. */
export interface SshConnection extends AsyncDisposable {
  /** Aborts when either side has ended the connection; the reason says why. */
  readonly closed: AbortSignal;
  /**
   * Runs a command line in the login shell of the user. Costs one round trip to open a session and
   * one to start the command, as in raw ssh2.
   *
   * @throws ConnectionLostError when the connection ends first; the signal's reason when it aborts
   *   before the command was sent
   */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /**
   * Runs a command line as `exec` does, for a caller that handles the streams of the command.
   * Throws as `exec` does.
   */
  run(command: string, options: ProcessOptions): Promise<Ending>;
  /**
   * Opens a connection from the machine to a destination, as a byte stream. The caller destroys the
   * stream.
   *
   * @throws TunnelRefusedError with the reason when the machine cannot connect;
   *   ConnectionLostError; the signal's reason
   */
  tunnel(to: Destination, signal?: AbortSignal): Promise<Duplex>;
  /** Makes the machine listen, and passes on each connection that it accepts. */
  readonly listen: Listen;
  /** Ends the connection and every command on it. Waits a second for the server to hang up. */
  close(): Promise<void>;
  /** Ends the connection immediately, for a machine that is about to be removed. */
  hangUp(): void;
}
