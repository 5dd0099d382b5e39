import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import { makeFloor } from "./floor.ts";
import { benchQmp } from "./qmp-path.ts";
import { median, medians, printReport, round, timed, type Samples } from "./report.ts";
import { openBenchRig } from "./rig.ts";

/**
 * Measures a whole `vitest run` of one machine test, compared with a whole `vitest run` of one
 * plain test plus the floor of a rollback.
 */
export async function warmRun(rounds: number): Promise<void> {
  const samples: Samples = {};
  const phases: Samples = {};
  await vitest("machine");
  await vitest("plain");
  for (let turn = 0; turn < rounds; turn++) {
    await timed(samples, "plain", () => vitest("plain"));
    await timed(samples, "machine", async () => notePhases(phases, await vitest("machine")));
  }
  // The rig has one lease at a time, so the floor is measured separately, directly afterwards on
  // the same machine.
  {
    await using rig = await openBenchRig();
    const floor = await makeFloor(rig, await benchQmp());
    for (let turn = 0; turn < rounds; turn++) await timed(samples, "floor", floor);
  }
  const of = (side: string): number => median(samples[side] ?? []);
  printPhases(phases, of("machine"));
  printReport({
    bench: "warm-run",
    runs: rounds,
    ms: medians(samples),
    ratios: {
      toFloor: round(of("machine") / (of("plain") + of("floor")), 3),
      overPlain: round(of("machine") / of("plain"), 2),
    },
  });
}

async function vitest(project: "plain" | "machine"): Promise<string> {
  const { stdout } = await execa("vitest", ["run"], {
    cwd: join(import.meta.dirname, "projects", project),
    preferLocal: true,
    localDir: import.meta.dirname,
  });
  return stripVTControlCharacters(stdout);
}

/** Durations of a run's phases, from the run's own output. */
const PHASES: ReadonlyArray<readonly [string, RegExp]> = [
  ["lease", /leased in ([\d.]+ m?s)/],
  ["check", /checked in ([\d.]+ m?s)/],
  ["rollback", /back at \w+ in ([\d.]+ m?s)/],
  ["all of Vitest's own duration", /Duration\s+([\d.]+m?s)/],
];

function notePhases(phases: Samples, output: string): void {
  for (const [name, pattern] of PHASES) {
    const text = pattern.exec(output)?.[1];
    if (text === undefined)
      throw new Error(`the run did not print the duration of a phase: ${name}\n${output}`);
    (phases[name] ??= []).push(Number.parseFloat(text) * (text.endsWith("ms") ? 1 : 1_000));
  }
}

function printPhases(phases: Samples, whole: number): void {
  const own = phases["all of Vitest's own duration"] ?? [];
  const inside = ["lease", "check", "rollback"].map((name) => median(phases[name] ?? []));
  const rest = median(own) - inside.reduce((sum, ms) => sum + ms, 0);
  const rows: ReadonlyArray<readonly [string, number]> = [
    ["Node and Vitest start, and end", whole - median(own)],
    ["lease", inside[0] ?? 0],
    ["check", inside[1] ?? 0],
    ["rollback", inside[2] ?? 0],
    ["collect, worker, SSH login, first command", rest],
  ];
  console.log("\nwhere a warm run's time goes (medians)");
  for (const [name, ms] of rows)
    console.log(
      `  ${name.padEnd(44)} ${ms.toFixed(0).padStart(6)} ms  ${((100 * ms) / whole).toFixed(0).padStart(3)} %`,
    );
}
