export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The only accepted host key, pinned when the machine was created: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** OpenSSH PEM, without a passphrase. */
  readonly privateKey: string;
}
