import { OPTIONS } from "./double.test.kit.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { waitFor } from "vmrig/driver";

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A computer of the team with the command `vmrig`, and the Redis of the team. */
export interface Office {
  vmrig(...words: readonly string[]): Promise<CliResult>;
}

/** Sets an office up until the test ends. The rig is the one of {@link OPTIONS}. */
export async function setUpOffice(more = ""): Promise<Office> {
  const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const socket = await startRedis(root);
  const project = join(root, "project");
  await mkdir(project);
  await writeFile(
    join(project, "vmrig.config.mjs"),
    `import { hcloud } from ${JSON.stringify(import.meta.resolve("@vmrig/driver-hcloud"))};
export default {
  name: "pcs",
  driver: hcloud(${JSON.stringify(OPTIONS)}),
  machines: { pc1: {}, pc2: {} },
  ${more}
};
`,
  );
  const main = fileURLToPath(import.meta.resolve("vmrig/cli"));
  return {
    async vmrig(...words) {
      const child = spawn(process.execPath, [main, ...words], {
        cwd: project,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...process.env,
          VMRIG_HOME: join(root, "home"),
          VMRIG_CACHE: join(root, "cache"),
          VMRIG_REDIS_URL: `unix://${socket}`,
        },
      });

      const [stdout, stderr] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "close"),
      ]);

      return { exitCode: child.exitCode, stdout, stderr };
    },
  };
}

async function startRedis(folder: string): Promise<string> {
  const socket = join(folder, "redis.sock");
  const options = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--appendonly", "yes"];
  const redis = spawn("redis-server", options, { stdio: "ignore" });
  onTestFinished(async () => {
    const ended = once(redis, "exit");
    redis.kill("SIGKILL");
    await ended;
  });
  await waitFor({
    what: "Redis to listen",
    timeoutMs: 20_000,
    async probe() {
      const seen = await answer(socket);
      return seen === undefined ? { value: undefined } : { seen };
    },
  });
  return socket;
}

/** Returns what is wrong; `undefined` once the socket accepts a connection. */
async function answer(socket: string): Promise<string | undefined> {
  const client = connect(socket);
  try {
    await once(client, "connect");
    return undefined;
  } catch (error) {
    return String(error);
  } finally {
    client.destroy();
  }
}

/**
 * Writes the newest state in the folder of a store to a separate file, as Terraform wrote it: the
 * store begins each version with a line about it.
 *
 * @returns the path of the file
 */
export async function exportState(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true });
  const versions = names.filter((name) => /(^|\/)\d+\.tfstate$/.test(name));
  const numberOf = (name: string): number => Number.parseInt(name.split("/").at(-1) ?? "", 10);
  const newest = versions.toSorted((a, b) => numberOf(b) - numberOf(a))[0] ?? "missing";
  const record = await readFile(join(folder, newest), "utf8");
  const path = join(folder, "exported.json");
  await writeFile(path, record.slice(record.indexOf("\n") + 1));
  return path;
}
