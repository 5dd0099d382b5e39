import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startCloud } from "./cloud/cloud.ts";
import { cloudFaults } from "./cloud/faults.ts";
import { judgeCloud } from "./cloud/judge.ts";
import { createCloudOperator } from "./cloud/operator.ts";
import { settle } from "./settle.ts";
import { carryConsoles, localConsoles } from "./consoles.ts";
import { crowd } from "./crowd.ts";
import { keepEvidence } from "./evidence.ts";
import { FAULTS, type FaultKind } from "./faults.ts";
import { unusedPeriods } from "./judge/availability.ts";
import { judgeBugs } from "./judge/bugs.ts";
import { judge } from "./judge/judge.ts";
import { fairWaits } from "./judge/fairness.ts";
import type { Violation } from "./judge/violation.ts";
import { findLeftovers } from "./rig/leftovers.ts";
import { TIME_LIMITS, type MachineKind } from "./machines.ts";
import {
  describeLeftovers,
  describeViolations,
  outcomes,
  sum,
  tally,
  type Report,
} from "./report.ts";
import { openChaosRig, type ChaosRig } from "./rig/chaos-rig.ts";
import { runVmrig } from "./rig/run-vmrig.ts";
import { runFaults } from "./fault-run.ts";
import { isMachineEvent, openEventLog } from "./event-log.ts";
import { createOperator } from "./operator.ts";
import { planRunner } from "./plan.ts";

export interface ChaosOptions {
  readonly seed: number;
  /** Minimum number of grants, and of faults. */
  readonly grants: number;
  readonly faults: number;
  readonly copies: number;
  /** Number of simultaneous runs. */
  readonly crowd: number;
  readonly ttlMs: number;
  /** @defaultValue `fake` */
  readonly machines?: MachineKind;
  /** @defaultValue all faults that this computer allows */
  readonly kinds?: readonly string[];
  /** One of `INJECTED_BUGS`: the bug to inject, to see the suite fail. */
  readonly bug?: string;
  readonly say: (line: string) => void;
  /** Folder for the rows, the faults and the output of the runs when the suite fails. */
  readonly evidence?: string;
  /** Aborts the suite, which leaves nothing behind. */
  readonly signal?: AbortSignal;
}

/**
 * Time for which a waiter that died at the head of the queue blocks the others:
 * docs/concepts/lease.md.
 */
const ALIVE_MS = 6_000;
/** Bound for a live run that was not hit by a fault. */
const OVERTAKINGS = 3;
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { seed, copies: number, ttlMs, machines = "fake", say } = options;
  const { slackMs, stalledMs, leaveMs } = TIME_LIMITS[machines];
  const started = performance.now();
  await using rig = await openChaosRig({
    copies: number,
    ttlMs,
    machines,
    ...(options.bug !== undefined && { bug: options.bug }),
  });
  const copies = Array.from({ length: number }, (_, index) => `chaos-${index + 1}`);
  const withinMs = ttlMs + ALIVE_MS + slackMs;
  const leftOut = rig.ownDisk
    ? []
    : [
        `disk-full: ${machines === "fake" ? "mounting a small disk requires root" : "real machines need a large disk"}`,
      ];
  say(
    `chaos    seed ${seed}, ${number} copies of ${machines} machines, ttl ${ttlMs} ms, in ${rig.root}`,
  );

  await using cloud = machines === "cloud" ? await startCloud(rig) : undefined;
  using consoles =
    machines === "fake"
      ? undefined
      : carryConsoles(rig.eventLog, cloud?.consoles ?? (() => localConsoles(rig)));
  const eventLog = openEventLog(rig.eventLog, consoles?.carry);
  const log = join(rig.root, "runs.log");
  const runs = crowd({
    rig,
    program: join(import.meta.dirname, "runner.ts"),
    plan: (index) => planRunner(seed, index, { copies: number, isSlow: machines === "cloud" }),
    size: options.crowd,
    log,
    ...(cloud && { envOf: cloud.envOf }),
  });
  const cloudOperator = cloud && createCloudOperator(rig, runs, say);
  const operator = cloudOperator ?? createOperator(rig, runs);
  const kinds = selectFaults(
    cloud && cloudOperator
      ? cloudFaults({ cloud, operator: cloudOperator })
      : { ...FAULTS, ...(!rig.ownDisk && { "disk-full": undefined }) },
    options.kinds,
  );
  const violations: Violation[] = [];
  const {
    appliedFaults,
    endedAt,
    violations: stalled,
  } = await runFaults({ ...options, stalledMs, rig, crowd: runs, eventLog, kinds, operator });
  const { repaired } = operator;
  violations.push(...stalled);

  const { violations: unsettled, leftovers: left } = await settle({
    rig,
    crowd: runs,
    eventLog,
    appliedFaults,
    copies,
    withinMs,
    leaveMs,
    interrupts: machines === "cloud",
    say,
  });
  violations.push(...unsettled);
  const judged = cloud && (await judgeCloud(rig, cloud, copies));
  violations.push(...(judged?.violations ?? []));
  violations.push(...(await destroy(rig)));
  const after = await findLeftovers(rig, { machines: false });
  const inCloud = (await cloud?.resources()) ?? [];

  await eventLog.readMore();
  const { rows } = eventLog;
  const bounds = { copies, withinMs, endedAt, overtakings: OVERTAKINGS };
  violations.push(...judge({ rows, faults: [...appliedFaults, ...repaired], bounds }));
  const printed = await readFile(log, "utf8");
  violations.push(...judgeBugs(printed));
  for (const line of [
    ...describeViolations(violations),
    ...describeLeftovers(left),
    ...describeLeftovers(after),
    ...inCloud.map(({ kind, id, name }) => `leftover   ${kind}: ${id} ${name}`),
  ])
    say(line);
  const leftovers = sum([left, after]) + inCloud.length;
  if (options.evidence !== undefined && violations.length + leftovers > 0) {
    await keepEvidence(options.evidence, {
      eventLog: rig.eventLog,
      log,
      faults: appliedFaults,
      ...(cloud && { calls: await cloud.calls() }),
    });
    say(`evidence ${options.evidence}`);
  }
  const events = rows.filter(isMachineEvent);
  return {
    seed,
    copies: number,
    runs: runs.started,
    grants: eventLog.grants,
    rollbacks: new Set(events.map(({ nonce }) => nonce)).size,
    commands: events.filter(({ kind }) => kind === "begin").length,
    faults: appliedFaults.length,
    byKind: tally(appliedFaults.map(({ kind }) => kind)),
    leftOut,
    repaired: repaired.length,
    outcomes: outcomes(printed),
    overtakings: Math.max(
      0,
      ...fairWaits(rows, [...appliedFaults, ...repaired]).map(({ overtaken }) => overtaken),
    ),
    silenceMs: Math.max(0, ...unusedPeriods(rows, appliedFaults, bounds).map(({ ms }) => ms)),
    violations: violations.length,
    leftovers,
    ...(judged && { cloud: judged.counts }),
    seconds: Math.round((performance.now() - started) / 1000),
  };
}

/** Returns the faults of these kinds, or all. @throws Error for an unknown kind */
function selectFaults(
  all: Readonly<Record<string, FaultKind | undefined>>,
  kinds: readonly string[] = Object.keys(all),
): Readonly<Record<string, FaultKind>> {
  const unknown = kinds.find((kind) => !(kind in all));
  if (unknown !== undefined)
    throw new Error(`there is no fault "${unknown}"; known faults: ${Object.keys(all).join(", ")}`);
  return Object.fromEntries(
    kinds.flatMap((kind): [string, FaultKind][] => {
      const fault = all[kind];
      return fault === undefined ? [] : [[kind, fault]];
    }),
  );
}

/** Destroys the rig as a person would. Nothing of it may be left afterwards. */
async function destroy(rig: ChaosRig): Promise<Violation[]> {
  try {
    await runVmrig(rig, ["destroy", "chaos"]);
    return [];
  } catch (error) {
    return [
      {
        promise: "ends",
        what: `vmrig destroy: ${error instanceof Error ? error.message : String(error)}`,
      },
    ];
  }
}
