import { execFile } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openFolders } from "vmrig/runner";
import { badNetwork, type BadNetwork } from "./bad-network.ts";
import { startCleanupProcess } from "./cleanup-process.ts";
import { type MachineKind } from "../machines.ts";
import { startRedis, type RedisServer } from "./redis-server.ts";
import { removeLeftovers, endProcesses, type Leftovers } from "./cleanup.ts";

const run = promisify(execFile);

/** The environment of one suite. To vmrig it looks like the computer of one user. */
export interface ChaosRig extends AsyncDisposable {
  /**
   * Root folder: every process of the suite has it in its command line, its environment or as its
   * working directory.
   */
  readonly root: string;
  /** Folder of vmrig's state. */
  readonly state: string;
  /** Folder of temporary files. */
  readonly temporary: string;
  /** Folder of vmrig's sockets. */
  readonly runtime: string;
  readonly eventLog: string;
  readonly redis: RedisServer;
  readonly network: BadNetwork;
  /** Whether the state folder is a separate small disk, which a fault can fill. */
  readonly ownDisk: boolean;
  /** Environment of the suite's processes, to which a cloud adds its addresses. */
  readonly env: NodeJS.ProcessEnv;
}

/** Small enough to fill quickly, and large enough for the data of the machines. */
const DISK = "size=256m";

export interface ChaosRigOptions {
  readonly copies: number;
  readonly ttlMs: number;
  readonly machines: MachineKind;
  /** Bug that the workers have, for the suite's own tests. */
  readonly bug?: string;
}

export async function openChaosRig({
  copies,
  ttlMs,
  machines,
  bug = "",
}: ChaosRigOptions): Promise<ChaosRig> {
  const root = await mkdtemp(join(tmpdir(), "vmrig-chaos-"));
  const [state, temporary, eventLog] = ["state", "tmp", "events.log"].map((name) =>
    join(root, name),
  ) as [string, string, string];
  await Promise.all([mkdir(state, { mode: 0o700 }), mkdir(temporary), writeFile(eventLog, "")]);
  // Real machines need more space than a fault can fill quickly.
  const ownDisk = machines === "fake" && (await mounted(state));
  const base = { ...process.env, VMRIG_HOME: state, TMPDIR: temporary };
  const { runtime } = await openFolders(base);
  const remains: Leftovers = { root, runtime, ...(ownDisk && { disk: state }) };
  const cleanupProcess = await startCleanupProcess(remains);
  const redis = await startRedis(join(root, "redis"));
  const network = await badNetwork(redis.socketPath);
  const env: NodeJS.ProcessEnv = {
    ...base,
    // Real machines use the user's own image cache.
    VMRIG_CACHE: machines === "fake" ? join(root, "cache") : (await openFolders()).cache,
    CHAOS_MACHINES: machines,
    CHAOS_COPIES: String(copies),
    CHAOS_TTL_MS: String(ttlMs),
    CHAOS_BUG: bug,
    CHAOS_ROOT: root,
    CHAOS_REDIS: `redis://127.0.0.1:${network.port}`,
  };
  delete env["VMRIG_REDIS_URL"];
  return {
    root,
    state,
    temporary,
    runtime,
    eventLog,
    redis,
    network,
    ownDisk,
    env,
    async [Symbol.asyncDispose]() {
      await endProcesses(root, (command) => command.includes(redis.socketPath));
      await network[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
      await removeLeftovers(remains);
      await cleanupProcess[Symbol.asyncDispose]();
    },
  };
}

/** Requires root, on Linux. */
async function mounted(folder: string): Promise<boolean> {
  return await run("mount", ["-t", "tmpfs", "-o", `${DISK},mode=0700`, "tmpfs", folder]).then(
    () => true,
    () => false,
  );
}
