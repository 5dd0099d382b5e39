import { readFile } from "node:fs/promises";
import { writeTextAtomically } from "../../../packages/vmrig/src/local-files/atomic-write.ts";

/** The host key of one server. */
export interface Pin {
  /** Id of the server in the cloud. Another server has another host key. */
  readonly server: string;
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string;
}

const LINE = /^\S+ (ssh-ed25519 [A-Za-z0-9+/=]+) server-(\S+)$/m;

/** Reads the pin from a file that `ssh` reads, too. `undefined` when there is none. */
export async function readPin(path: string): Promise<Pin | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const [, hostKey, server] = LINE.exec(text) ?? [];
  return hostKey === undefined || server === undefined ? undefined : { server, hostKey };
}

export async function writePin(
  path: string,
  { server, hostKey, host, port }: Pin & { readonly host: string; readonly port: number },
): Promise<void> {
  const name = port === 22 ? host : `[${host}]:${port}`;
  await writeTextAtomically(path, `${name} ${hostKey} server-${server}\n`, { sync: true });
}
