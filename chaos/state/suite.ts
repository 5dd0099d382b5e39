import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { crowd, type Crowd } from "../crowd.ts";
import { followLines } from "../event-log.ts";
import { keepEvidence } from "../evidence.ts";
import { runFaults } from "../fault-run.ts";
import { judgeBugs } from "../judge/bugs.ts";
import type { Violation } from "../judge/violation.ts";
import { describeViolations, outcomes, tally } from "../report.ts";
import { openChaosRig, type ChaosRig } from "../rig/chaos-rig.ts";
import { processesOf, send } from "../rig/processes.ts";
import { keysLike } from "../rig/redis-server.ts";
import { until } from "../until.ts";
import { existingIn } from "./cloud-driver.ts";
import { parseCloudEvent, type CloudEvent } from "./cloud-events.ts";
import { STATE_FAULTS, type StateFaultName } from "./faults.ts";
import { judgeCalls, judgeEnd, judgeVersions, type LastMachine } from "./judge.ts";
import { planProvisioner, type ProvisionerPlan } from "./plan.ts";
import { judgeRefusals } from "./refusals.ts";
import { readStoreLog } from "./store-log.ts";

export interface StateChaosOptions {
  readonly seed: number;
  /** Minimum number of grants, and of faults. */
  readonly grants: number;
  readonly faults: number;
  readonly copies: number;
  /** Number of simultaneous runs. */
  readonly crowd: number;
  readonly ttlMs: number;
  /** @defaultValue all */
  readonly kinds?: readonly StateFaultName[];
  /** One of `STATE_BUGS`: the bug to inject, to see the suite fail. */
  readonly bug?: string;
  readonly say: (line: string) => void;
  /** Folder for the logs when the suite fails. */
  readonly evidence?: string;
  readonly signal?: AbortSignal;
}

/** The last line of the output. */
export interface StateReport {
  readonly seed: number;
  readonly copies: number;
  readonly runs: number;
  /** Number of leases under which a run began to provision. */
  readonly grants: number;
  /** Number of those that succeeded. */
  readonly provisioned: number;
  /** Number of stored versions of all states. */
  readonly versions: number;
  /** Number of calls to the cloud that succeeded, by kind. */
  readonly calls: Readonly<Record<string, number>>;
  /** Number of calls of an earlier run after a later run has looked. */
  readonly lateCalls: number;
  readonly faults: number;
  readonly byKind: Readonly<Record<string, number>>;
  /** What runs did about the remains of earlier ones: take over, create again, remove, … */
  readonly repairs: Readonly<Record<string, number>>;
  /** Failed visits by error code. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: number;
  readonly leftovers: number;
  readonly seconds: number;
}

/** An engine whose gate is gone waits for its last calls, and the next run for the engine. */
const STALLED_MS = 150_000;
const LEAVE_MS = 180_000;
/** Time that terminated processes have to exit. */
const EXIT_MS = 20_000;

/**
 * Runs that provision under their leases, through a state store that fails. See README.md, "State
 * faults".
 */
export async function runStateChaos(options: StateChaosOptions): Promise<StateReport> {
  const { seed, copies: number, ttlMs, say } = options;
  const started = performance.now();
  await using rig = await openChaosRig({
    copies: number,
    ttlMs,
    machines: "fake",
    ...(options.bug !== undefined && { bug: options.bug }),
  });
  const copies = Array.from({ length: number }, (_, index) => `chaos-${index + 1}`);
  say(`chaos    seed ${seed}, states of ${number} copies, ttl ${ttlMs} ms, in ${rig.root}`);
  const log = join(rig.root, "runs.log");
  const runs = crowd<ProvisionerPlan>({
    rig,
    program: join(import.meta.dirname, "provisioner.ts"),
    plan: (index) => planProvisioner(seed, index),
    size: options.crowd,
    log,
  });
  const rows: CloudEvent[] = [];
  const readLines = followLines(rig.eventLog);
  const eventLog = {
    get grants() {
      return rows.filter(({ kind }) => kind === "granted").length;
    },
    async readMore() {
      rows.push(...(await readLines()).map(parseCloudEvent));
    },
  };
  const kinds = Object.fromEntries(
    Object.entries(STATE_FAULTS).filter(
      ([kind]) => options.kinds?.includes(kind as StateFaultName) !== false,
    ),
  );

  // 1. Runs and faults.
  const { appliedFaults, violations: stalled } = await runFaults({
    ...options,
    stalledMs: STALLED_MS,
    rig,
    crowd: runs,
    eventLog,
    kinds,
  });
  // 2. All runs end, and one more run for each copy makes it whole.
  const violations = [...stalled, ...(await endRuns(runs))];
  for (const copy of copies) violations.push(...(await quietRun(runs, copy)));
  const left = await leftovers(rig);
  // 3. The judge reads what Redis, the cloud and the runs wrote.
  await eventLog.readMore();
  const store = await readStoreLog(rig.redis.changes);
  const killedEngines = appliedFaults
    .filter(({ kind }) => kind === "engine-kill" || kind === "run-kill")
    .flatMap(({ sessions }) => sessions);
  const { violations: byCalls, lateCalls } = judgeCalls(rows, new Set(killedEngines));
  const printed = await readFile(log, "utf8");
  violations.push(
    ...judgeVersions(store),
    ...byCalls,
    ...judgeEnd(store, await lastMachines(rig, copies)),
    ...judgeRefusals(printed),
    ...judgeBugs(printed),
  );
  for (const line of describeViolations(violations)) say(line);
  for (const name of left) say(`leftover   ${name}`);
  if (options.evidence !== undefined && violations.length + left.length > 0) {
    await keepEvidence(options.evidence, { eventLog: rig.eventLog, log, faults: appliedFaults });
    say(`evidence ${options.evidence}`);
  }
  const versions = new Set(
    store.flatMap((event) => (event.kind === "version" ? [`${event.copy} ${event.version}`] : [])),
  );
  const count = (...wanted: readonly CloudEvent["kind"][]): string[] =>
    rows.map(({ kind }) => kind).filter((kind) => wanted.includes(kind));
  return {
    seed,
    copies: number,
    runs: runs.started,
    grants: eventLog.grants,
    provisioned: count("provisioned").length,
    versions: versions.size,
    calls: tally(count("created", "adopted", "refused", "destroyed")),
    lateCalls,
    faults: appliedFaults.length,
    byKind: tally(appliedFaults.map(({ kind }) => kind)),
    repairs: repairs(printed),
    outcomes: outcomes(printed),
    violations: violations.length,
    leftovers: left.length,
    seconds: Math.round((performance.now() - started) / 1000),
  };
}

/** Counts the lines in which a run reports that it repaired something. */
function repairs(log: string): Record<string, number> {
  const lines = log.matchAll(/ {2}(?:(adopt|again|remove): |state: (saved|kept|waiting) )/g);
  return tally([...lines].map(([, machine, state]) => machine ?? `state ${state}`));
}

async function endRuns(runs: Crowd<ProvisionerPlan>): Promise<Violation[]> {
  const ended = await until(LEAVE_MS, () => (runs.runs.length === 0 ? true : undefined));
  if (ended === true) return [];
  return runs.runs.map(({ session, pid }) => {
    send(pid, "SIGKILL");
    return {
      promise: "ends",
      what: `${session} still runs ${LEAVE_MS / 1000} s after the last fault`,
    };
  });
}

/** Provisions a copy without any fault. */
async function quietRun(runs: Crowd<ProvisionerPlan>, copy: string): Promise<Violation[]> {
  const machines = ["pc1", "pc2"].map((name) => ({ name, memoryMb: 512, label: "quiet" }));
  const visits = [{ what: "set", machines, stepMs: 20, pauseMs: 0 } as const];
  const code = await runs.send({ session: `quiet-${copy}`, home: "alice", copy, visits });
  return code === 0
    ? []
    : [{ promise: "ends", what: `a run of ${copy} without any fault ended with ${code}` }];
}

async function lastMachines(rig: ChaosRig, copies: readonly string[]): Promise<LastMachine[]> {
  const found = copies.map(async (copy) => {
    const machines = await existingIn(join(rig.root, "cloud"), copy);
    return machines.map(({ name, origin }) => ({ copy, name, resource: origin?.resource ?? "-" }));
  });
  return (await Promise.all(found)).flat();
}

/** Returns processes of runs, and keys of leases, that should be gone. */
async function leftovers({ root, redis }: ChaosRig): Promise<string[]> {
  const find = async (): Promise<string[]> => [
    ...processesOf(root)
      .filter(({ command }) => !command.includes(redis.socketPath))
      .map(({ pid, command }) => `process ${pid} ${command}`),
    ...(await keysLike(redis.operator, "*"))
      .filter((key) => !/:(fence|id|state|state-versions)$/.test(key))
      .map((key) => `key ${key}`),
  ];
  await until(EXIT_MS, async () => ((await find()).length === 0 ? true : undefined));
  return await find();
}
