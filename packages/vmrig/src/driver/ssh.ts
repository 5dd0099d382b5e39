import type { DialOptions } from "../ssh/dial.ts";
import type { ReadHostKeyOptions } from "../ssh/read-host-key.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { SshTarget } from "../ssh/ssh-target.ts";

// Loaded with the first connection: every config imports its driver, and ssh2 takes long to load.

/** Logs in by SSH. See `ssh/dial.ts`. */
export async function dial(target: SshTarget, options: DialOptions): Promise<SshConnection> {
  return await (await import("../ssh/dial.ts")).dial(target, options);
}

/** Returns the host key that an SSH server shows. See `ssh/read-host-key.ts`. */
export async function readHostKey(options: ReadHostKeyOptions): Promise<string> {
  return await (await import("../ssh/read-host-key.ts")).readHostKey(options);
}

export type { DialOptions, ReadHostKeyOptions, SshConnection, SshTarget };
