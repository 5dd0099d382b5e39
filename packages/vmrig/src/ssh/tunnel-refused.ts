/** The machine did not open the connection. */
export class TunnelRefusedError extends Error {
  /**
   * Whether the machine's sshd forbids forwarding: `SSH_OPEN_ADMINISTRATIVELY_PROHIBITED`, RFC
   * 4254, 5.1. OpenSSH does not report this for a unix socket.
   */
  readonly forbidden: boolean;

  constructor(message: string, forbidden: boolean) {
    super(message);
    this.name = "TunnelRefusedError";
    this.forbidden = forbidden;
  }
}
