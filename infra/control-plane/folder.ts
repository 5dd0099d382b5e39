import { join } from "node:path";
import { openFolders } from "../../packages/vmrig/src/config/folders.ts";
import { ensurePrivateFolder } from "../../packages/vmrig/src/local-files/private-folder.ts";

/** Files of the control plane on the operator's computer, in a folder of this user alone. */
export interface ControlFiles {
  readonly folder: string;
  readonly config: string;
  /** Key of the operator for root on the server. */
  readonly controlKey: string;
  /** Host key of the server until the first connection. */
  readonly firstHostKey: string;
  /** The pinned host key, as `ssh` reads it. */
  readonly knownHosts: string;
  /** Certificate of the CA. Not secret. */
  readonly ca: string;
  readonly lock: string;
}

/**
 * Opens the folder `control-plane` of vmrig's folder for data that must not be lost.
 *
 * @throws VmrigError `FOLDER_UNSAFE`, `STATE_UNWRITABLE`
 */
export async function openFolder(env: NodeJS.ProcessEnv = process.env): Promise<ControlFiles> {
  const folder = join((await openFolders(env)).state, "control-plane");
  await ensurePrivateFolder(folder);
  return controlFiles(folder);
}

export function controlFiles(folder: string): ControlFiles {
  return {
    folder,
    config: join(folder, "config.json"),
    controlKey: join(folder, "control_key"),
    firstHostKey: join(folder, "first_host_key"),
    knownHosts: join(folder, "known_hosts"),
    ca: join(folder, "ca.pem"),
    lock: join(folder, "lock"),
  };
}
