import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SshTarget } from "../ssh/connection.ts";

/**
 * A lease's key and a machine's host key as files, for programs that take them no other way.
 * Disposing removes them.
 */
export interface Identity extends AsyncDisposable {
  /** What OpenSSH needs to know: where, as whom, by which key, and that nothing else will do. */
  readonly sshWords: readonly string[];
  /** Path of the private key. */
  readonly key: string;
}

/** @param runtime A folder of this user alone. */
export async function writeIdentity(
  runtime: string,
  name: string,
  { host, port, user, hostKey, privateKey }: SshTarget,
): Promise<Identity> {
  // Named by this process: what it leaves when it is killed is found by `vmrig sweep`.
  const folder = await mkdtemp(join(runtime, `ssh-${process.pid}-`));
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
    // Under the machine's name, whatever port it has today.
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
      // lead elsewhere.
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
