import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { KeyPair } from "../../../packages/vmrig/src/ssh/keys.ts";

/** What the server has to know. Nothing of it is secret. */
export interface ServerSettings {
  /** Address in the certificate. */
  readonly address: string;
  /** Device of the volume: `/dev/disk/by-id/…`. */
  readonly device: string;
  /** First part of the keys and channels of the user `vmrig`. */
  readonly prefix: string;
}

/** Files of the server, under their paths. */
export const ROOTFS = fileURLToPath(new URL("rootfs", import.meta.url));

/** The cloud accepts no more. */
const MOST_BYTES = 32 << 10;

/**
 * Returns the user data of the server: a cloud-config, in JSON, which is YAML. Every process on the
 * server can read it, and so can everyone with the token, so the only secret in it is a host key
 * that the first connection replaces. The secrets of Redis are made on the server.
 */
export async function userData(options: {
  readonly settings: ServerSettings;
  readonly hostKey: KeyPair;
  /** Key of the operator. */
  readonly controlKey: string;
}): Promise<string> {
  const { settings, hostKey, controlKey } = options;
  const files = await serverFiles();
  files.push({
    path: "/etc/vmrig-redis/settings",
    permissions: "0644",
    content: `ADDRESS=${settings.address}\nDEVICE=${settings.device}\nPREFIX=${settings.prefix}\n`,
  });
  const config = {
    disable_root: false,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    // Only root, who logs in by key.
    users: [],
    ssh_authorized_keys: [controlKey],
    write_files: files,
    runcmd: [["/usr/local/sbin/vmrig-control-setup"]],
  };
  const text = `#cloud-config\n${JSON.stringify(config)}\n`;
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw new RangeError(`the user data has ${Buffer.byteLength(text)} bytes`);
  return text;
}

interface ServerFile {
  readonly path: string;
  readonly permissions: string;
  readonly content: string;
}

async function serverFiles(): Promise<ServerFile[]> {
  const entries = await readdir(ROOTFS, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return await Promise.all(
    paths.map(async (path) => ({
      path: `/${relative(ROOTFS, path)}`,
      permissions: dirname(path).endsWith("/sbin") ? "0755" : "0644",
      content: await readFile(path, "utf8"),
    })),
  );
}
