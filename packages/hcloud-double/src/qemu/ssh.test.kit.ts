import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

const run = promisify(execFile);
const COMMAND_MS = 120_000;

export interface Ssh extends AsyncDisposable {
  readonly publicKey: string;
  /** Runs a command as root, and returns its output. @throws Error if it fails */
  run(address: string, command: string): Promise<string>;
}

/** An SSH client with a new key, which trusts any host key. */
export async function newSsh(): Promise<Ssh> {
  const folder = await mkdtemp(join(tmpdir(), "hcloud-double-test-"));
  const key = join(folder, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key]);
  const options = {
    UserKnownHostsFile: "/dev/null",
    StrictHostKeyChecking: "no",
    LogLevel: "ERROR",
    BatchMode: "yes",
    ConnectTimeout: "10",
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return {
    publicKey: (await readFile(`${key}.pub`, "utf8")).trim(),
    async run(address, command) {
      const child = spawn("ssh", ["-F", "none", "-i", key, ...flags, `root@${address}`, command], {
        stdio: ["ignore", "pipe", "pipe"],
        timeout: COMMAND_MS,
      });
      const [output, errors] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "close"),
      ]);
      if (child.exitCode !== 0) throw new Error(`${command}: ${errors.trim() || output.trim()}`);
      return output;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
