import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { planRunner, type RunnerPlan } from "./plan.ts";
import type { RunnerOptions } from "./runner.ts";
import type { ChaosRig } from "./rig/chaos-rig.ts";

/** A live run of a test runner. */
export interface Run {
  readonly session: string;
  readonly pid: number;
}

/** Keeps a fixed number of runs going; a new run starts when one ends. */
export interface Crowd {
  /** Starts the next runs of the plan until `size` runs are live. */
  fill(): void;
  readonly runs: readonly Run[];
  /** Number of runs started so far. */
  readonly started: number;
  send(plan: RunnerPlan): Promise<number | NodeJS.Signals | null>;
}

export interface CrowdOptions {
  readonly seed: number;
  readonly rig: ChaosRig;
  readonly copies: number;
  readonly size: number;
  /** File for the output of the runs. */
  readonly log: string;
}

export function crowd({ seed, rig, copies, size, log }: CrowdOptions): Crowd {
  const living = new Map<string, ChildProcess>();
  let started = 0;

  const send = async (plan: RunnerPlan): Promise<number | NodeJS.Signals | null> => {
    const orders: RunnerOptions = { ...plan, eventLog: rig.eventLog };
    const child = spawn(process.execPath, [join(import.meta.dirname, "runner.ts")], {
      env: { ...rig.env, CHAOS_RUNNER: JSON.stringify(orders) },
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
      for (; living.size < size; started++) void send(planRunner(seed, started, copies));
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
