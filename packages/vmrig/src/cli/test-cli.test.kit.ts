import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { Redis } from "ioredis";
import { test as base, vi } from "vitest";
import { endRedis } from "../redis/end-redis.test.kit.ts";
import { openFolders, type Folders } from "../config/folders.ts";
import { rigSchema, type RigConfig } from "../config/schema.ts";
import { fakeDriver } from "../driver/fake/driver.ts";
import { machineFiles } from "../driver/fake/machine-files.ts";
import { endMembers } from "../driver/fake/members.ts";
import type { Gate } from "../gate/gate.ts";
import { openGate } from "../gate/open-gate.ts";
import { lineOf } from "../gate/output.test.kit.ts";
import { embeddedRedis } from "../redis/embedded-redis.ts";
import { openLeaseStore } from "../lease/open-lease-store.ts";
import { waitFor } from "../wait/wait-for.ts";

// Each test starts Redis, Terraform and two machines: a second or two here, more on a busy
// computer.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PCS = { rig: "pcs", copies: ["pcs-1"] };
const COMMAND = [process.execPath, fileURLToPath(new URL("main.ts", import.meta.url))] as const;
const FAKE = new URL("../driver/fake/driver.ts", import.meta.url).href;

/** A process of the command, with separate standard output and standard error, as in a script. */
export type Cli = ReturnType<typeof launch>;

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Readable;
}

/** A project with a config, and the command `vmrig` in it. Its folders isolate it from others. */
export interface TestCli {
  readonly root: string;
  readonly project: string;
  readonly folders: Folders;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Command line that starts `vmrig`. */
  readonly command: readonly string[];
  /** Starts `vmrig` with these arguments. */
  start(words: readonly string[], options?: CliOptions): Cli;
  /** Creates a folder beside the project. */
  folder(name: string): Promise<string>;
  /** Starts the gate of another user's test run on the rig `pcs`, in this process. */
  run(who: string, config?: Partial<RigConfig>): Run;
  /** Leases the rig for another user. */
  hold(who: string): Promise<HeldRig>;
  /** Deletes the lease locks of a rig, as an operator might by mistake. */
  deleteLocks(rig: string): Promise<void>;
}

export interface Run {
  readonly gate: Gate;
  /** Every output line of the gate. */
  readonly lines: string[];
  /** Waits for an output line and returns it. */
  says(words: RegExp): Promise<string>;
}

interface HeldRig extends AsyncDisposable {
  /** Returns the length of the queue. */
  waiting(): Promise<number>;
}

/** Returns a config of fake machines. */
export function configOf(machines: readonly string[], more = ""): string {
  const entries = machines.map((name) => `${name}: {}`).join(", ");
  return `import { fakeDriver } from "${FAKE}";\nexport default { name: "pcs", driver: fakeDriver(), machines: { ${entries} }, ${more} };\n`;
}

// oxlint-disable-next-line no-empty-pattern -- Vitest reads the names of the fixtures from it
export const test = base.extend("cli", { scope: "file" }, async ({}, { onCleanup }) => {
  const cli: TestCli & AsyncDisposable = await openTestCli();
  onCleanup(() => cli[Symbol.asyncDispose]());
  return cli;
});

async function openTestCli(): Promise<TestCli & AsyncDisposable> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "vmrig-test-")));
  const env = {
    VMRIG_HOME: join(root, "home"),
    VMRIG_CACHE: join(root, "cache"),
    VMRIG_REDIS_URL: undefined,
  };
  const folders = await openFolders(env);
  const started: Cli[] = [];
  const gates: Gate[] = [];
  // A shared Redis would belong to other tests; gates of this process read this variable.
  vi.stubEnv("VMRIG_REDIS_URL", undefined);
  const project = join(root, "project");
  await mkdir(project);
  await writeFile(join(project, "vmrig.config.mjs"), configOf(["pc1", "pc2"]));
  return {
    root,
    project,
    folders,
    env,
    command: COMMAND,
    start(words, { cwd = project, env: more = {}, input = "" } = {}) {
      const child = launch(words, cwd, { ...env, ...more }, input);
      started.push(child);
      return child;
    },
    async folder(name) {
      const path = join(root, name);
      await mkdir(path);
      return path;
    },
    run(who, config = {}) {
      const lines: string[] = [];
      const rig = rigSchema.parse({
        name: "pcs",
        driver: fakeDriver(),
        machines: { pc1: {}, pc2: {} },
        ...config,
      });
      const holder = { who, host: "laptop", command: "vitest run", session: `session of ${who}` };
      const gate = openGate({ rig, folders, holder, say: (line) => lines.push(line) });
      gates.push(gate);
      return { gate, lines, says: (words) => lineOf(lines, words) };
    },
    async deleteLocks(rig) {
      const redis = new Redis({ path: join(folders.runtime, "redis", "redis.sock") });
      const locks = await redis.keys(`*{${rig}*:lock`);
      if (locks.length === 0) throw new Error(`no lease on ${rig}`);
      await redis.del(...locks);
      redis.disconnect();
    },
    async hold(who) {
      const { socketPath } = await embeddedRedis({
        folder: join(folders.runtime, "redis"),
        dataFolder: join(folders.state, "redis"),
      });
      const store = await openLeaseStore({ redis: { socketPath } });
      await store.acquire(PCS, {
        holder: { who, host: "laptop", command: "vitest run", session: "1" },
        waitForMs: 10_000,
      });
      return {
        waiting: async () => (await store.view(PCS)).queue.length,
        [Symbol.asyncDispose]: () => store.close(),
      };
    },
    async [Symbol.asyncDispose]() {
      vi.unstubAllEnvs();
      await Promise.all(gates.map((gate) => gate.close()));
      for (const child of started) child.kill("SIGKILL");
      await Promise.all(started);
      await endMachines(folders);
      await endRedis(join(folders.state, "redis"));
      await rm(folders.runtime, { recursive: true, force: true });
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function endMachines({ state, runtime }: Folders): Promise<void> {
  for (const copy of await readdir(join(state, "rigs")).catch(() => [])) {
    const copyFolders = { folder: join(state, "rigs", copy), runtimeFolder: join(runtime, copy) };
    const names = await readdir(join(copyFolders.folder, "machines")).catch(() => []);
    await Promise.all(names.map((name) => endMembers(machineFiles(copyFolders, name))));
  }
}

function launch(
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  input: string | Readable,
) {
  const [node, main] = COMMAND;
  return execa(node, [main, ...words], {
    cwd,
    env,
    input,
    reject: false,
    stripFinalNewline: false,
  });
}

/** Waits until the standard error or output of a process matches. */
export async function says(child: Cli, words: RegExp): Promise<void> {
  let output = "";
  for (const stream of [child.stderr, child.stdout])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await waitFor({
    what: `vmrig to print ${words}`,
    timeoutMs: 30_000,
    intervalMs: 20,
    probe: () =>
      Promise.resolve(words.test(output) ? { value: true } : { seen: output || "nothing" }),
  });
}
