import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatIdentity, identifyProcess } from "../local-files/process-identity.ts";
import type { SshTarget } from "../ssh/ssh-target.ts";

/**
 * Files with a lease's key and a machine's host key, for programs that only read keys from files.
 * Disposing removes them.
 */
export interface Identity extends AsyncDisposable {
  /** OpenSSH arguments: address, user, key, and settings that forbid any other authentication. */
  readonly sshWords: readonly string[];
  /** Path of the private key. */
  readonly key: string;
}

/** Writes the key files. @param runtime A private folder of this user. */
export async function writeIdentity(
  runtime: string,
  name: string,
  { host, port, user, hostKey, privateKey }: SshTarget,
): Promise<Identity> {
  // The name identifies this process, so that `vmrig sweep` finds the folder of a killed process.
  const owner = formatIdentity(await identifyProcess(process.pid));
  const folder = await mkdtemp(join(runtime, `ssh-${owner}-`));
  const [key, knownHosts] = [join(folder, "key"), join(folder, "known_hosts")];
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await writeFile(key, privateKey.endsWith("\n") ? privateKey : `${privateKey}\n`, {
      mode: 0o600,
    });
    await writeFile(knownHosts, `${name} ${hostKey}\n`, { mode: 0o600 });
  } catch (error) {
    await dispose();
    throw error;
  }
  const settings = {
    // Looks the host key up by machine name, because the port changes.
    HostKeyAlias: name,
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: "/dev/null",
    StrictHostKeyChecking: "yes",
    UpdateHostKeys: "no",
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    PreferredAuthentications: "publickey",
    ServerAliveInterval: "15",
    LogLevel: "ERROR",
  };
  return {
    key,
    sshWords: [
      // The user's own settings are for other machines: a jump host or a shared connection would
      // lead to the wrong place.
      "-F",
      "none",
      ...Object.entries(settings).flatMap(([setting, value]) => ["-o", `${setting}=${value}`]),
      "-i",
      key,
      "-p",
      String(port),
      "-l",
      user,
      host,
    ],
    [Symbol.asyncDispose]: dispose,
  };
}
