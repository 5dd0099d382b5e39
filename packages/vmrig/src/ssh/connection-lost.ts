import { VmrigError, type ErrorFacts } from "../errors/vmrig-error.ts";

/** The connection ended while a command was running or starting. */
export class ConnectionLostError extends VmrigError {
  override name = "ConnectionLostError";
  /**
   * Whether the machine may have started the command. If `false`, the command can safely be sent
   * again on a new connection.
   */
  readonly started: boolean;
  /** Whether this side closed the connection. */
  readonly hungUp: boolean;

  constructor(started: boolean, facts: ErrorFacts, hungUp = false) {
    super("CONNECTION_LOST", facts);
    this.started = started;
    this.hungUp = hungUp;
  }
}
