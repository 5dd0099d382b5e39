import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface FirstBoot {
  /** Private host key, OpenSSH format. */
  readonly hostKey: string;
  readonly hostPublicKey: string;
  readonly hostname: string;
  readonly lanMac: string;
  /** With its prefix length: `10.77.0.11/24`. */
  readonly lanAddress: string;
}

/**
 * Returns the data that a machine needs before its first connection, as systemd system credentials
 * (systemd.system-credentials(7)): its host key by `tmpfiles.extra`, its LAN by
 * `network.network.*`, its name. They reach the guest as SMBIOS strings of type 11.
 */
export function firstBootCredentials(boot: FirstBoot): ReadonlyMap<string, string> {
  const file = (path: string, mode: string, content: string): string =>
    `f+~ ${path} ${mode} root root - ${Buffer.from(content).toString("base64")}`;
  return new Map([
    [
      "tmpfiles.extra",
      [
        file("/etc/ssh/ssh_host_ed25519_key", "0600", boot.hostKey),
        file("/etc/ssh/ssh_host_ed25519_key.pub", "0644", `${boot.hostPublicKey}\n`),
        "",
      ].join("\n"),
    ],
    [
      "network.network.20-lan",
      [
        "[Match]",
        `MACAddress=${boot.lanMac}`,
        "[Network]",
        `Address=${boot.lanAddress}`,
        "LinkLocalAddressing=no",
        "IPv6AcceptRA=no",
        "",
      ].join("\n"),
    ],
    ["system.hostname", boot.hostname],
  ]);
}

/**
 * Writes one file per credential, for `-smbios type=11,path=…`: every user of this computer could
 * read a private key on the command line.
 */
export async function writeCredentials(
  folder: string,
  credentials: ReadonlyMap<string, string>,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, value] of credentials) {
    const encoded = Buffer.from(value).toString("base64");
    const text = `io.systemd.credential.binary:${name}=${encoded}`;
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
}
