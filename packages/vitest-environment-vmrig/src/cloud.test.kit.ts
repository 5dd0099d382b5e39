import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { installProvider, startDoubleProcess, type DoubleProcess } from "@vmrig/hcloud-double";
import { execa } from "execa";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { exists } from "./end-to-end.test.kit.ts";
import { openHome, type Home } from "./home.test.kit.ts";
import { runVitest } from "./start-vitest.test.kit.ts";

/** Tests on one server of Hetzner Cloud, which is a machine of the double. */
const PROJECT = fileURLToPath(new URL("../test-projects/cloud", import.meta.url));
const CLI = fileURLToPath(import.meta.resolve("vmrig/cli"));

/** A computer of the team: a new home, and what all computers share. */
export interface Computer {
  readonly home: Home;
  run(words: readonly string[]): Promise<{ code: number | undefined; output: string }>;
  /** Runs tests, which must pass. @returns the output */
  green(words: readonly string[]): Promise<string>;
  /** Runs the command `vmrig`, which must succeed. @returns its outputs */
  vmrig(...words: readonly string[]): Promise<{ stdout: string; stderr: string }>;
}

interface Shared {
  readonly double: DoubleProcess;
  readonly env: Readonly<Record<string, string>>;
}

/** Provides a project in the cloud and a Redis for all tests of a file. */
export function useCloud() {
  const stack = new AsyncDisposableStack();
  let shared: Shared;
  beforeAll(async () => {
    shared = await startShared(stack);
  });
  afterAll(() => stack.disposeAsync());
  return {
    async computer(): Promise<Computer> {
      const home = stack.use(await openHome());
      const vmrig = (words: readonly string[]) =>
        execa(process.execPath, [CLI, ...words], {
          cwd: PROJECT,
          env: { ...home.env, ...shared.env },
          reject: false,
          all: true,
        });
      const run = (words: readonly string[]) => runVitest(home, PROJECT, words, shared.env);
      return {
        home,
        run,
        async green(words) {
          const { code, output } = await run(words);
          expect(code, output).toBe(0);
          return output;
        },
        async vmrig(...words) {
          const { exitCode, stdout, stderr, all } = await vmrig(words);
          expect(exitCode, all).toBe(0);
          return { stdout, stderr: stripVTControlCharacters(stderr) };
        },
      };
    },
    servers: async () => (await listServers(shared)).map(({ id, name }) => `${id} ${name}`),
    /** How often the only server has booted. */
    boots: async () => (await listServers(shared))[0]?.boots ?? expect.unreachable(),
    /** Calls of the API that created something. */
    async creations(): Promise<string[]> {
      const { calls } = (await shared.double.control("GET", "/calls")) as {
        readonly calls: readonly { readonly method: string; readonly path: string }[];
      };
      return calls
        .filter(({ method, path }) => method === "POST" && !path.includes("/actions/"))
        .map(({ path }) => path)
        .toSorted();
    },
    /** All that is in the project, beside images. */
    async resources(): Promise<readonly string[]> {
      const { endpoint, token } = shared.double;
      const kinds = "servers networks firewalls placement_groups ssh_keys primary_ips".split(" ");
      const lists = kinds.map(async (kind) => {
        const headers = { authorization: `Bearer ${token}` };
        const reply = await (await fetch(`${endpoint}/${kind}`, { headers })).json();
        const list = (reply as Record<string, readonly { readonly name: string }[]>)[kind] ?? [];
        return list.map(({ name }) => `${kind}: ${name}`);
      });
      return (await Promise.all(lists)).flat();
    },
  };
}

async function listServers({ double }: Shared) {
  const { servers } = (await double.control("GET", "/servers")) as {
    readonly servers: readonly {
      readonly id: number;
      readonly name: string;
      readonly boots: number;
    }[];
  };
  return servers;
}

async function startShared(stack: AsyncDisposableStack): Promise<Shared> {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const { folders } = stack.use(await openHome());
  const imageFolder = join(folders.cache, "images", "debian-13");
  const double = stack.use(await startDoubleProcess({ imageFolder }));
  // As `vmrig image publish` would have uploaded it.
  await double.control("POST", "/snapshots", {
    image: "103",
    description: "debian-13",
    labels: { "vmrig-image": "recipe-1", "vmrig-image-name": "debian-13" },
  });
  const { cliConfig, which } = await installProvider(folder);
  process.stdout.write(`Terraform runs with the ${which} provider hcloud\n`);
  return {
    double,
    env: {
      HCLOUD_TOKEN: double.token,
      HCLOUD_ENDPOINT: double.endpoint,
      TF_CLI_CONFIG_FILE: cliConfig,
      VMRIG_REDIS_URL: `unix://${await startRedis(stack, folder)}`,
      VMRIG_STATE_KEY: Buffer.alloc(32, "key of the team").toString("base64"),
    },
  };
}

/** Starts the Redis of the team. @returns its socket */
async function startRedis(stack: AsyncDisposableStack, folder: string): Promise<string> {
  const socket = join(folder, "redis.sock");
  const options = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--appendonly", "yes"];
  const redis = spawn("redis-server", options, { stdio: "ignore" });
  stack.defer(async () => {
    const ended = once(redis, "exit");
    redis.kill("SIGKILL");
    await ended;
  });
  // `expect.poll` is for tests only.
  const listens = async (): Promise<void> => expect(await exists(socket)).toBe(true);
  await vi.waitFor(listens, { timeout: 20_000 });
  return socket;
}

/** Returns the files of a home that contain a state or a plan of Terraform, or a private key. */
export async function secretFiles({ folders }: Home): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of [folders.state, folders.runtime])
    for (const name of await readdir(folder, { recursive: true })) {
      const path = join(folder, name);
      if (!(await stat(path)).isFile()) continue;
      const content = await readFile(path, "latin1");
      // A plan is a zip archive whose first file is "tfplan".
      if (/"serial":|tfplan|PRIVATE KEY/.test(content)) found.push(path);
    }
  return found;
}
