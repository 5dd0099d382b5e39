import { execFile } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openFolders } from "vmrig/runner";
import { badNetwork, type BadNetwork } from "./bad-network.ts";
import { hireCaretaker } from "./caretaker.ts";
import { type MachineKind } from "./machines.ts";
import { startRedis, type RedisServer } from "./redis-server.ts";
import { clearAway, endProcesses, type Leftovers } from "./cleanup.ts";

const run = promisify(execFile);

/** The world of one suite: a computer of one user, as far as vmrig can tell. */
export interface ChaosRig extends AsyncDisposable {
  /** Every process of the suite has it in its command line, its environment or as its folder. */
  readonly root: string;
  /** Where vmrig keeps what must not be lost. */
  readonly state: string;
  /** Where programs put what is temporary. */
  readonly temporary: string;
  /** Where vmrig's sockets are. */
  readonly runtime: string;
  readonly witness: string;
  readonly redis: RedisServer;
  readonly network: BadNetwork;
  /** Whether the state folder is a small disk of its own, that can be filled. */
  readonly ownDisk: boolean;
  /** What its processes are started with. */
  readonly env: NodeJS.ProcessEnv;
}

/** Full within a moment, and large enough for all that the machines keep. */
const DISK = "size=256m";

export interface SceneOptions {
  readonly copies: number;
  readonly ttlMs: number;
  readonly machines: MachineKind;
  /** For the suite's own tests: what its workers do wrong. */
  readonly plant?: string;
}

export async function setScene({
  copies,
  ttlMs,
  machines,
  plant = "",
}: SceneOptions): Promise<ChaosRig> {
  const root = await mkdtemp(join(tmpdir(), "vmrig-chaos-"));
  const [state, temporary, witness] = ["state", "tmp", "witness"].map((name) =>
    join(root, name),
  ) as [string, string, string];
  await Promise.all([mkdir(state, { mode: 0o700 }), mkdir(temporary), writeFile(witness, "")]);
  // Real machines need more room than anybody wants to fill.
  const ownDisk = machines === "fake" && (await mounted(state));
  const base = { ...process.env, VMRIG_HOME: state, TMPDIR: temporary };
  const { runtime } = await openFolders(base);
  const remains: Leftovers = { root, runtime, ...(ownDisk && { disk: state }) };
  const caretaker = await hireCaretaker(remains);
  const redis = await startRedis(join(root, "redis"));
  const network = await badNetwork(redis.socketPath);
  const env: NodeJS.ProcessEnv = {
    ...base,
    // The image of real machines is the user's own.
    VMRIG_CACHE: machines === "real" ? (await openFolders()).cache : join(root, "cache"),
    CHAOS_MACHINES: machines,
    CHAOS_COPIES: String(copies),
    CHAOS_TTL_MS: String(ttlMs),
    CHAOS_PLANT: plant,
    CHAOS_REDIS: `redis://127.0.0.1:${network.port}`,
  };
  delete env["VMRIG_REDIS_URL"];
  return {
    root,
    state,
    temporary,
    runtime,
    witness,
    redis,
    network,
    ownDisk,
    env,
    async [Symbol.asyncDispose]() {
      await endProcesses(root, (command) => command.includes(redis.socketPath));
      await network[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
      await clearAway(remains);
      await caretaker[Symbol.asyncDispose]();
    },
  };
}

/** Takes root, on Linux. */
async function mounted(folder: string): Promise<boolean> {
  return await run("mount", ["-t", "tmpfs", "-o", `${DISK},mode=0700`, "tmpfs", folder]).then(
    () => true,
    () => false,
  );
}
