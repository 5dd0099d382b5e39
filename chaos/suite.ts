import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { settle } from "./settle.ts";
import { carryConsoles } from "./consoles.ts";
import { crowd } from "./crowd.ts";
import { keepEvidence } from "./evidence.ts";
import { FAULTS, type FaultName } from "./faults.ts";
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
  readonly kinds?: readonly FaultName[];
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
        `disk-full: ${machines === "real" ? "real machines need a large disk" : "mounting a small disk requires root"}`,
      ];
  const kinds = Object.fromEntries(
    (Object.keys(FAULTS) as FaultName[])
      .filter(
        (kind) => (rig.ownDisk || kind !== "disk-full") && options.kinds?.includes(kind) !== false,
      )
      .map((kind) => [kind, FAULTS[kind]]),
  );
  say(
    `chaos    seed ${seed}, ${number} copies of ${machines} machines, ttl ${ttlMs} ms, in ${rig.root}`,
  );

  using consoles = machines === "real" ? carryConsoles(rig) : undefined;
  const eventLog = openEventLog(rig.eventLog, consoles?.carry);
  const log = join(rig.root, "runs.log");
  const runs = crowd({
    rig,
    program: join(import.meta.dirname, "runner.ts"),
    plan: (index) => planRunner(seed, index, number),
    size: options.crowd,
    log,
  });
  const operator = createOperator(rig, runs);
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
    say,
  });
  violations.push(...unsettled);
  violations.push(...(await destroy(rig)));
  const after = await findLeftovers(rig, { machines: false });

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
  ])
    say(line);
  if (options.evidence !== undefined && violations.length + sum([left, after]) > 0) {
    await keepEvidence(options.evidence, { eventLog: rig.eventLog, log, faults: appliedFaults });
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
    leftovers: sum([left, after]),
    seconds: Math.round((performance.now() - started) / 1000),
  };
}

/** Runs `vmrig destroy` as a person would. Nothing of the rig may be left afterwards. */
async function destroy({ env }: ChaosRig): Promise<Violation[]> {
  const command = fileURLToPath(import.meta.resolve("vmrig/cli"));
  try {
    await promisify(execFile)(process.execPath, [command, "destroy", "chaos"], {
      cwd: import.meta.dirname,
      env,
      timeout: 120_000,
    });
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
