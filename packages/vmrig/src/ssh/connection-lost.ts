import { VmrigError, type ErrorFacts } from "../errors/vmrig-error.ts";

/** The connection ended under a command. */
export class ConnectionLostError extends VmrigError {
  override name = "ConnectionLostError";
  /**
   * Whether the machine may have begun the command. When not, it is safe to send it again on a new
   * connection.
   */
  readonly started: boolean;
  /** Whether it was this side that ended the connection. */
  readonly hungUp: boolean;

  constructor(started: boolean, facts: ErrorFacts, hungUp = false) {
    super("CONNECTION_LOST", facts);
    this.started = started;
    this.hungUp = hungUp;
  }
}
