import type { KeyPair, PublicKey } from "vmrig/driver";

export interface FirstBootData {
  readonly hostname: string;
  /** Host key until the first connection has replaced it. */
  readonly hostKey: KeyPair;
  /** Key that logs in as root. */
  readonly controlKey: PublicKey;
}

/**
 * Returns the user data of a server: a cloud-config, in JSON, which is YAML. Every process on the
 * server can read it, and so can everyone with the token.
 */
export function userData({ hostname, hostKey, controlKey }: FirstBootData): string {
  const config = {
    hostname,
    preserve_hostname: false,
    manage_etc_hosts: false,
    disable_root: false,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    users: [{ name: "root", lock_passwd: true, ssh_authorized_keys: [controlKey] }],
    package_update: false,
    package_upgrade: false,
  };
  return `#cloud-config\n${JSON.stringify(config)}\n`;
}
