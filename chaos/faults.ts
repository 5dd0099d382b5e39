import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Crowd, Run } from "./crowd.ts";
import { childrenOf, processesOf, send } from "./rig/processes.ts";
import { keysLike } from "./rig/redis-server.ts";
import type { ChaosRig } from "./rig/chaos-rig.ts";
import { until } from "./until.ts";

export interface FaultContext {
  readonly rig: ChaosRig;
  readonly crowd: Pick<Crowd, "runs">;
  /** Selects one of the possible targets. */
  readonly pick: number;
  /** Duration of a fault that has one. */
  readonly ms: number;
}

/** The target that was hit. `over` resolves when a stopped target runs again. */
export interface FaultEffect {
  readonly target: string;
  readonly sessions: readonly string[];
  readonly over?: Promise<void>;
}

/** @returns undefined when there is no target */
export type Fault = (context: FaultContext) => Promise<FaultEffect | undefined>;

export interface FaultKind {
  readonly weight: number;
  /** Faults that need the same resource never happen at the same time. */
  readonly needs?: "redis" | "disk" | "cloud" | "machine";
  readonly apply: Fault;
}

export function one<T>(things: readonly T[], pick: number): T | undefined {
  return things[pick % Math.max(1, things.length)];
}

const PARTS = {
  runner: ({ pid }: Run) => [pid],
  gate: ({ pid }: Run) =>
    childrenOf(pid).flatMap((child) =>
      /gate\/main\.[jt]s/.test(child.command) ? [child.pid] : [],
    ),
  worker: ({ pid }: Run) =>
    childrenOf(pid).flatMap((child) => (child.command.includes("worker.ts") ? [child.pid] : [])),
} as const;

function signalled(parts: readonly (keyof typeof PARTS)[], signal: NodeJS.Signals): Fault {
  return async ({ crowd, pick }) => {
    const run = one(crowd.runs, pick);
    const pids = run === undefined ? [] : parts.flatMap((part) => PARTS[part](run));
    if (run === undefined || pids.length < parts.length) return undefined;
    for (const pid of pids) send(pid, signal);
    return { target: run.session, sessions: [run.session] };
  };
}

/**
 * Stops processes for a while, as a closed laptop lid, a debugger or a computer without memory
 * does. A stopped process does not notice the gap when it continues.
 */
function paused(parts: readonly (keyof typeof PARTS)[]): Fault {
  return async ({ crowd, pick, ms }) => {
    const run = one(crowd.runs, pick);
    const pids = run === undefined ? [] : parts.flatMap((part) => PARTS[part](run));
    if (run === undefined || pids.length < parts.length) return undefined;
    for (const pid of pids) send(pid, "SIGSTOP");
    const over = sleep(ms).then(() => pids.forEach((pid) => send(pid, "SIGCONT")));
    return { target: run.session, sessions: [run.session], over };
  };
}

function keyGone(pattern: string): Fault {
  return async ({ rig: { redis }, pick }) => {
    const key = one(await keysLike(redis.operator, pattern), pick);
    if (key === undefined) return undefined;
    await redis.operator.del(key);
    // No command of vmrig leaves a lock without its holder record, so both are deleted.
    if (key.endsWith(":lock")) await redis.operator.del(key.replace(/:lock$/, ":holder"));
    return { target: key, sessions: [] };
  };
}

const killTerraform: Fault = async (stage) => {
  const { root } = stage.rig;
  // Without the record the next holder queries Terraform.
  if ((await keyGone("vmrig:*:record")(stage)) === undefined) return undefined;
  const found = await until(15_000, () =>
    one(
      processesOf(root).filter(({ command }) =>
        /^\S*(terraform|tofu) (init|plan|show|apply) /.test(command),
      ),
      stage.pick,
    ),
  );
  if (found === undefined || !send(found.pid, "SIGKILL")) return undefined;
  return { target: found.command.split(" ").slice(0, 2).join(" "), sessions: [] };
};

const killMachine: Fault = async ({ rig: { root }, pick }) => {
  const found = one(
    processesOf(root).filter(({ command }) => /machine-process\.[jt]s|qemu-system/.test(command)),
    pick,
  );
  if (found === undefined || !send(found.pid, "SIGKILL")) return undefined;
  return {
    target: /guest=(\S+)/.exec(found.command)?.[1] ?? found.command.split("/").slice(-2).join("/"),
    sessions: [],
  };
};

const fillDisk: Fault = async ({ rig: { state }, ms }) => {
  const filler = join(state, "filler");
  await using file = await open(filler, "w");
  for (const block of [Buffer.alloc(2 ** 20), Buffer.alloc(4096)]) {
    // Writes until the disk is full.
    while (
      await file.appendFile(block).then(
        () => true,
        () => false,
      )
    );
  }
  return { target: state, sessions: [], over: sleep(ms).then(() => rm(filler, { force: true })) };
};

/** All faults, with their relative frequency. */
export const FAULTS = {
  "runner-kill": { weight: 3, apply: signalled(["runner"], "SIGKILL") },
  "runner-term": { weight: 2, apply: signalled(["runner"], "SIGTERM") },
  "runner-interrupt": { weight: 2, apply: signalled(["runner"], "SIGINT") },
  "runner-pause": { weight: 2, apply: paused(["runner"]) },
  "worker-kill": { weight: 2, apply: signalled(["worker"], "SIGKILL") },
  "worker-pause": { weight: 2, apply: paused(["worker"]) },
  "gate-kill": { weight: 4, apply: signalled(["gate"], "SIGKILL") },
  "gate-term": { weight: 1, apply: signalled(["gate"], "SIGTERM") },
  "gate-pause": { weight: 4, apply: paused(["gate"]) },
  "run-pause": { weight: 4, apply: paused(["runner", "gate", "worker"]) },
  "run-kill": { weight: 2, apply: signalled(["gate", "runner"], "SIGKILL") },
  "redis-kill": {
    weight: 2,
    needs: "redis",
    apply: async ({ rig: { redis } }) => ({
      target: "with its data",
      sessions: [],
      over: redis.restart(true),
    }),
  },
  "redis-loss": {
    weight: 1,
    needs: "redis",
    apply: async ({ rig: { redis } }) => ({
      target: "without its data",
      sessions: [],
      over: redis.restart(false),
    }),
  },
  "redis-pause": {
    weight: 2,
    needs: "redis",
    apply: async ({ rig: { redis }, ms }) => {
      redis.pause();
      return { target: "redis-server", sessions: [], over: sleep(ms).then(() => redis.resume()) };
    },
  },
  "network-black-hole": {
    weight: 2,
    needs: "redis",
    apply: async ({ rig: { network }, ms }) => ({
      target: "Redis",
      sessions: [],
      over: network.blackHole(ms),
    }),
  },
  "network-reset": {
    weight: 2,
    needs: "redis",
    apply: async ({ rig: { network } }) => ({
      target: `${network.reset()} connections`,
      sessions: [],
    }),
  },
  "lock-gone": { weight: 2, needs: "redis", apply: keyGone("vmrig:*:lock") },
  "record-gone": { weight: 1, needs: "redis", apply: keyGone("vmrig:*:record") },
  "terraform-kill": { weight: 1, needs: "redis", apply: killTerraform },
  "machine-kill": { weight: 2, apply: killMachine },
  "disk-full": { weight: 1, needs: "disk", apply: fillDisk },
} satisfies Readonly<Record<string, FaultKind>>;
