import { setTimeout as sleep } from "node:timers/promises";
import type { Run } from "../crowd.ts";
import { one, type Fault, type FaultKind } from "../faults.ts";
import { childrenOf, send } from "../rig/processes.ts";
import { until } from "../until.ts";

const ENGINE = /^\S*(terraform|tofu) (?<command>init|plan|show|apply|taint) /;
/** How long a fault waits for a target. */
const TARGET_MS = 5_000;

interface Engine {
  readonly pid: number;
  readonly command: string;
}

function enginesOf(run: Run): Engine[] {
  return childrenOf(run.pid).flatMap(({ pid, command: words }) => {
    const command = ENGINE.exec(words)?.groups?.["command"];
    return command === undefined ? [] : [{ pid, command }];
  });
}

/** Returns a process and its children, and their children. */
function withDescendants(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap((child) => withDescendants(child.pid))];
}

/** Hits the processes of a run, in most cases while its engine applies. */
function onRun(
  act: (run: Run, engine: Engine, ms: number) => Promise<void> | void,
  needsEngine: boolean,
): Fault {
  return async ({ crowd, pick, ms }) => {
    const hit = await until(TARGET_MS, () => {
      const running = crowd.runs.flatMap((run) =>
        enginesOf(run)
          .filter(({ command }) => pick % 4 === 0 || command === "apply")
          .map((engine) => ({ run, engine })),
      );
      return one(running, pick);
    });
    if (hit === undefined && needsEngine) return undefined;
    const run = hit?.run ?? one(crowd.runs, pick);
    if (run === undefined) return undefined;
    const over = act(run, hit?.engine ?? { pid: run.pid, command: "none" }, ms);
    const target = `${run.session} during ${hit?.engine.command ?? "no command"}`;
    return { target, sessions: [run.session], ...(over && { over }) };
  };
}

async function paused(pids: readonly number[], ms: number): Promise<void> {
  for (const pid of pids) send(pid, "SIGSTOP");
  await sleep(ms);
  for (const pid of pids) send(pid, "SIGCONT");
}

/** All faults of the state suite, with their relative frequency. */
export const STATE_FAULTS = {
  "engine-kill": { weight: 4, apply: onRun((_, { pid }) => void send(pid, "SIGKILL"), true) },
  "engine-term": { weight: 1, apply: onRun((_, { pid }) => void send(pid, "SIGTERM"), true) },
  "engine-pause": { weight: 2, apply: onRun((_, { pid }, ms) => paused([pid], ms), true) },
  "gate-kill": { weight: 4, apply: onRun(({ pid }) => void send(pid, "SIGKILL"), false) },
  // The engine goes on, and waits for the gate with its state.
  "gate-pause": { weight: 4, apply: onRun(({ pid }, _, ms) => paused([pid], ms), false) },
  "run-pause": {
    weight: 4,
    apply: onRun(({ pid }, _, ms) => paused(withDescendants(pid), ms), false),
  },
  "run-kill": {
    weight: 3,
    apply: onRun(({ pid }) => withDescendants(pid).forEach((one) => send(one, "SIGKILL")), false),
  },
  "store-down": {
    weight: 3,
    needs: "redis",
    apply: async ({ rig: { redis }, ms }) => ({
      target: `for ${ms} ms`,
      sessions: [],
      over: redis.restart(true, ms),
    }),
  },
  "store-pause": {
    weight: 2,
    needs: "redis",
    apply: async ({ rig: { redis }, ms }) => {
      redis.pause();
      return { target: "redis-server", sessions: [], over: sleep(ms).then(() => redis.resume()) };
    },
  },
  "store-slow": {
    weight: 3,
    needs: "redis",
    apply: async ({ rig: { network }, pick, ms }) => ({
      target: "Redis",
      sessions: [],
      over: network.slow(2 * ms, 20 + (pick % 200)),
    }),
  },
  "store-read-only": {
    weight: 3,
    needs: "redis",
    apply: async ({ rig: { redis }, ms }) => {
      // Redis refuses to write without as many replicas.
      await redis.operator.config("SET", "min-replicas-to-write", "1");
      const over = sleep(ms).then(async () => {
        await redis.operator.config("SET", "min-replicas-to-write", "0");
      });
      return { target: `for ${ms} ms`, sessions: [], over };
    },
  },
  "replies-lost": {
    weight: 3,
    needs: "redis",
    apply: async ({ rig: { network }, ms }) => ({
      target: "Redis",
      sessions: [],
      over: network.loseReplies(ms),
    }),
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
} satisfies Readonly<Record<string, FaultKind>>;

export type StateFaultName = keyof typeof STATE_FAULTS;
