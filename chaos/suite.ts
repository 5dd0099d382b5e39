import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { calm } from "./settle.ts";
import { carryConsoles } from "./consoles.ts";
import { crowd } from "./crowd.ts";
import { keepEvidence } from "./evidence.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import { silences } from "./judge/availability.ts";
import { judgeBugs } from "./judge/bugs.ts";
import { judge } from "./judge/judge.ts";
import { patientWaits } from "./judge/fairness.ts";
import type { Violation } from "./judge/violation.ts";
import { findLeftovers } from "./leftovers.ts";
import { PATIENCE, type MachineKind } from "./machines.ts";
import {
  describeLeftovers,
  describeViolations,
  outcomes,
  sum,
  tally,
  type Report,
} from "./report.ts";
import { setScene, type ChaosRig } from "./scene.ts";
import { storm } from "./fault-run.ts";
import { isDeed, openWitness } from "./witness.ts";

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
  /** One of `PLANTS`: the bug to inject, to see the suite fail. */
  readonly plant?: string;
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
  const { slackMs, stalledMs, leaveMs } = PATIENCE[machines];
  const started = performance.now();
  await using scene = await setScene({
    copies: number,
    ttlMs,
    machines,
    ...(options.plant !== undefined && { plant: options.plant }),
  });
  const copies = Array.from({ length: number }, (_, index) => `chaos-${index + 1}`);
  const withinMs = ttlMs + ALIVE_MS + slackMs;
  const leftOut = scene.ownDisk
    ? []
    : [
        `disk-full: ${machines === "real" ? "real machines need a large disk" : "mounting a small disk requires root"}`,
      ];
  const kinds = (Object.keys(FAULTS) as FaultName[]).filter(
    (kind) => (scene.ownDisk || kind !== "disk-full") && options.kinds?.includes(kind) !== false,
  );
  say(
    `chaos    seed ${seed}, ${number} copies of ${machines} machines, ttl ${ttlMs} ms, in ${scene.root}`,
  );

  using consoles = machines === "real" ? carryConsoles(scene) : undefined;
  const witness = openWitness(scene.witness, consoles?.carry);
  const log = join(scene.root, "runs.log");
  const runs = crowd({ seed, scene, copies: number, size: options.crowd, log });
  const violations: Violation[] = [];
  const {
    struck,
    mended,
    endedAt,
    violations: stalled,
  } = await storm({ ...options, stalledMs, scene, crowd: runs, witness, kinds });
  violations.push(...stalled);

  const { violations: unsettled, leftovers: left } = await calm({
    scene,
    crowd: runs,
    witness,
    struck,
    copies,
    withinMs,
    leaveMs,
    say,
  });
  violations.push(...unsettled);
  violations.push(...(await destroy(scene)));
  const after = await findLeftovers(scene, { machines: false });

  await witness.readMore();
  const { rows } = witness;
  const bounds = { copies, withinMs, endedAt, overtakings: OVERTAKINGS };
  violations.push(...judge({ rows, faults: [...struck, ...mended], bounds }));
  const printed = await readFile(log, "utf8");
  violations.push(...judgeBugs(printed));
  for (const line of [
    ...describeViolations(violations),
    ...describeLeftovers(left),
    ...describeLeftovers(after),
  ])
    say(line);
  if (options.evidence !== undefined && violations.length + sum([left, after]) > 0) {
    await keepEvidence(options.evidence, { witness: scene.witness, log, faults: struck });
    say(`evidence ${options.evidence}`);
  }
  const deeds = rows.filter(isDeed);
  return {
    seed,
    copies: number,
    runs: runs.started,
    grants: witness.grants,
    rollbacks: new Set(deeds.map(({ nonce }) => nonce)).size,
    commands: deeds.filter(({ kind }) => kind === "begin").length,
    faults: struck.length,
    byKind: tally(struck.map(({ kind }) => kind)),
    leftOut,
    mended: mended.length,
    outcomes: outcomes(printed),
    overtakings: Math.max(
      0,
      ...patientWaits(rows, [...struck, ...mended]).map(({ overtaken }) => overtaken),
    ),
    silenceMs: Math.max(0, ...silences(rows, struck, bounds).map(({ ms }) => ms)),
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
