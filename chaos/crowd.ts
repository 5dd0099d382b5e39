import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import type { RunnerPlan } from "./plan.ts";
import type { ChaosRig } from "./rig/chaos-rig.ts";

/** A live run of a test runner. */
export interface Run {
  readonly session: string;
  readonly pid: number;
}

/** Keeps a fixed number of runs going; a new run starts when one ends. */
export interface Crowd<Plan = RunnerPlan> {
  /** Starts the next runs of the plan until `size` runs are live. */
  fill(): void;
  readonly runs: readonly Run[];
  /** Number of runs started so far. */
  readonly started: number;
  send(plan: Plan): Promise<number | NodeJS.Signals | null>;
}

export interface CrowdOptions<Plan> {
  readonly rig: ChaosRig;
  /** Path of the program of a run. It reads its plan as JSON from CHAOS_PLAN. */
  readonly program: string;
  /** Returns the plan of the `index`-th run. */
  readonly plan: (index: number) => Plan;
  readonly size: number;
  /** File for the output of the runs. */
  readonly log: string;
  /** Returns what the environment of a run has beside that of the rig. */
  readonly envOf?: (session: string) => NodeJS.ProcessEnv;
}

export function crowd<Plan extends { readonly session: string }>({
  rig,
  program,
  plan: planRun,
  size,
  log,
  envOf = () => ({}),
}: CrowdOptions<Plan>): Crowd<Plan> {
  const living = new Map<string, ChildProcess>();
  let started = 0;

  const send = async (plan: Plan): Promise<number | NodeJS.Signals | null> => {
    const orders = { ...plan, eventLog: rig.eventLog };
    const child = spawn(process.execPath, [program], {
      env: { ...rig.env, ...envOf(plan.session), CHAOS_PLAN: JSON.stringify(orders) },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    living.set(plan.session, child);
    const note = (text: Buffer): void =>
      appendFileSync(
        log,
        text.toString("utf8").replace(/^(?=.)/gm, `${Date.now()} ${plan.session}  `),
      );
    child.stdout.on("data", note);
    child.stderr.on("data", note);
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    living.delete(plan.session);
    return code ?? signal;
  };

  return {
    fill() {
      for (; living.size < size; started++) void send(planRun(started));
    },
    get runs() {
      return [...living].flatMap(([session, { pid }]) =>
        pid === undefined ? [] : [{ session, pid }],
      );
    },
    get started() {
      return started;
    },
    send,
  };
}
