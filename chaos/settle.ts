import { setTimeout as sleep } from "node:timers/promises";
import type { Crowd } from "./crowd.ts";
import type { Struck, Violation } from "./judge/violation.ts";
import { lastCall } from "./last-call.ts";
import { count, findLeftovers, type Leftovers } from "./leftovers.ts";
import { send } from "./processes.ts";
import type { ChaosRig } from "./scene.ts";
import { until } from "./until.ts";
import type { Witness } from "./witness.ts";

export interface CalmOptions {
  readonly scene: ChaosRig;
  readonly crowd: Crowd;
  readonly witness: Witness;
  readonly struck: readonly Struck[];
  readonly copies: readonly string[];
  /** How long whatever holds a copy may take to let go of it. */
  readonly withinMs: number;
  /** A run that nobody disturbs any more has done its visits by then. */
  readonly leaveMs: number;
  readonly say: (line: string) => void;
}

/**
 * What somebody left who was killed is cleared away by whoever comes so long after him: dead
 * waiters after 6 s, dead sockets after 10 s.
 */
const SETTLE_MS = 12_000;
/** Processes that were told to end have a moment for it. */
const LOOK_MS = 3_000;

/** After the storm: runs end, each copy can be had, and nothing is left but what should be. */
export async function calm(
  options: CalmOptions,
): Promise<{ readonly violations: readonly Violation[]; readonly leftovers: Leftovers }> {
  const { scene, crowd, struck, leaveMs, say } = options;
  const violations: Violation[] = [];
  say(`calm     ${crowd.runs.length} runs still go on`);
  if ((await until(leaveMs, () => (crowd.runs.length === 0 ? true : undefined))) === undefined) {
    for (const { session, pid } of crowd.runs) {
      violations.push({
        promise: "ends",
        what: `${session} still runs ${leaveMs / 1000} s after the last fault`,
      });
      send(pid, "SIGKILL");
    }
  }
  const settled = Math.max(0, ...struck.map(({ to }) => to)) + SETTLE_MS;
  for (let round = 1; ; round++) {
    const called = Date.now();
    violations.push(...(await lastCall({ ...options, round })));
    const leftovers = await look(scene);
    if (count(leftovers) === 0 || called >= settled) return { violations, leftovers };
    await sleep(Math.max(0, settled - Date.now()));
  }
}

async function look(scene: ChaosRig): Promise<Leftovers> {
  const nothing = await until(LOOK_MS, async () => {
    const left = await findLeftovers(scene, { machines: true });
    return count(left) === 0 ? left : undefined;
  });
  return nothing ?? (await findLeftovers(scene, { machines: true }));
}
