import { setTimeout as sleep } from "node:timers/promises";
import type { Crowd } from "./crowd.ts";
import type { AppliedFault, Violation } from "./judge/violation.ts";
import { finalRuns } from "./final-runs.ts";
import { count, findLeftovers, type Leftovers } from "./rig/leftovers.ts";
import { send } from "./rig/processes.ts";
import type { ChaosRig } from "./rig/chaos-rig.ts";
import { until } from "./until.ts";
import type { EventLog } from "./event-log.ts";

export interface SettleOptions {
  readonly rig: ChaosRig;
  readonly crowd: Crowd;
  readonly eventLog: EventLog;
  readonly appliedFaults: readonly AppliedFault[];
  readonly copies: readonly string[];
  /** Limit for the release of every copy. */
  readonly withinMs: number;
  /** Limit for the visits of a run without further faults. */
  readonly leaveMs: number;
  /** Whether the runs that are active get a Ctrl-C, and not the time for all their visits. */
  readonly interrupts: boolean;
  readonly say: (line: string) => void;
}

/**
 * Time after which later runs have removed the leftovers of killed processes: dead waiters after 6
 * s, dead sockets after 10 s.
 */
const SETTLE_MS = 12_000;
/** Time that terminated processes have to exit. */
const EXIT_MS = 3_000;

/**
 * Waits until all runs have ended, every copy can be leased, and only the expected files and
 * processes are left.
 */
export async function settle(
  options: SettleOptions,
): Promise<{ readonly violations: readonly Violation[]; readonly leftovers: Leftovers }> {
  const { rig, crowd, appliedFaults, leaveMs, say } = options;
  const violations: Violation[] = [];
  say(`settle   ${crowd.runs.length} runs are still active`);
  if (options.interrupts) for (const { pid } of crowd.runs) send(pid, "SIGINT");
  if ((await until(leaveMs, () => (crowd.runs.length === 0 ? true : undefined))) === undefined) {
    for (const { session, pid } of crowd.runs) {
      violations.push({
        promise: "ends",
        what: `${session} still runs ${leaveMs / 1000} s after the last fault`,
      });
      send(pid, "SIGKILL");
    }
  }
  const settled = Math.max(0, ...appliedFaults.map(({ to }) => to)) + SETTLE_MS;
  for (let round = 1; ; round++) {
    const called = Date.now();
    violations.push(...(await finalRuns({ ...options, round })));
    const leftovers = await remainingLeftovers(rig);
    if (count(leftovers) === 0 || called >= settled) return { violations, leftovers };
    await sleep(Math.max(0, settled - Date.now()));
  }
}

async function remainingLeftovers(rig: ChaosRig): Promise<Leftovers> {
  const nothing = await until(EXIT_MS, async () => {
    const left = await findLeftovers(rig, { machines: true });
    return count(left) === 0 ? left : undefined;
  });
  return nothing ?? (await findLeftovers(rig, { machines: true }));
}
