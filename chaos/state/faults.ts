import { setTimeout as sleep } from "node:timers/promises";
import type { Run } from "../crowd.ts";
import { one, type Fault, type FaultContext, type FaultKind } from "../faults.ts";
import type { ChaosRig } from "../rig/chaos-rig.ts";
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

/** Waits for a run whose engine works, in most cases on an apply. */
async function workingRun({
  crowd,
  pick,
}: FaultContext): Promise<{ readonly run: Run; readonly engine: Engine } | undefined> {
  return await until(TARGET_MS, () => {
    const working = crowd.runs.flatMap((run) =>
      enginesOf(run)
        .filter(({ command }) => pick % 4 === 0 || command === "apply")
        .map((engine) => ({ run, engine })),
    );
    return one(working, pick);
  });
}

/** Hits the processes of a run while its engine works. */
function onRun(act: (run: Run, engine: Engine, ms: number) => Promise<void> | void): Fault {
  return async (context) => {
    const hit = await workingRun(context);
    if (hit === undefined) return undefined;
    const { run, engine } = hit;
    const over = act(run, engine, context.ms);
    const target = `${run.session} during ${engine.command}`;
    return { target, sessions: [run.session], ...(over && { over }) };
  };
}

/** Hits Redis, or the network in front of it, while an engine works, or after a while without one. */
function onStore(act: (rig: ChaosRig, ms: number, pick: number) => Promise<void>): FaultKind {
  const apply: Fault = async (context) => {
    const { rig, ms, pick } = context;
    const hit = await workingRun(context);
    const during = hit === undefined ? "no command" : `${hit.run.session}'s ${hit.engine.command}`;
    return { target: `Redis during ${during}`, sessions: [], over: act(rig, ms, pick) };
  };
  return { weight: 3, needs: "redis", apply };
}

async function paused(pids: readonly number[], ms: number): Promise<void> {
  for (const pid of pids) send(pid, "SIGSTOP");
  await sleep(ms);
  for (const pid of pids) send(pid, "SIGCONT");
}

/** All faults of the state suite, with their relative frequency. */
export const STATE_FAULTS = {
  "engine-kill": { weight: 4, apply: onRun((_, { pid }) => void send(pid, "SIGKILL")) },
  "engine-term": { weight: 1, apply: onRun((_, { pid }) => void send(pid, "SIGTERM")) },
  "engine-pause": { weight: 2, apply: onRun((_, { pid }, ms) => paused([pid], ms)) },
  "gate-kill": { weight: 4, apply: onRun(({ pid }) => void send(pid, "SIGKILL")) },
  // The engine goes on, and waits for the gate with its state.
  "gate-pause": { weight: 4, apply: onRun(({ pid }, _, ms) => paused([pid], ms)) },
  "run-pause": {
    weight: 4,
    apply: onRun(({ pid }, _, ms) => paused(withDescendants(pid), ms)),
  },
  "run-kill": {
    weight: 3,
    apply: onRun(({ pid }) => withDescendants(pid).forEach((one) => send(one, "SIGKILL"))),
  },
  "store-down": onStore(({ redis }, ms) => redis.restart(true, ms)),
  "store-pause": onStore(async ({ redis }, ms) => {
    redis.pause();
    await sleep(ms);
    redis.resume();
  }),
  "store-slow": onStore(({ network }, ms, pick) => network.slow(2 * ms, 20 + (pick % 200))),
  "store-read-only": onStore(async ({ redis }, ms) => {
    // Redis refuses to write without as many replicas.
    await redis.operator.config("SET", "min-replicas-to-write", "1");
    await sleep(ms);
    await redis.operator.config("SET", "min-replicas-to-write", "0");
  }),
  "replies-lost": onStore(({ network }, ms) => network.loseReplies(ms)),
  "network-black-hole": onStore(({ network }, ms) => network.blackHole(ms)),
  "network-reset": onStore(async ({ network }) => void network.reset()),
} satisfies Readonly<Record<string, FaultKind>>;

export type StateFaultName = keyof typeof STATE_FAULTS;
