import { join } from "node:path";
import { execa } from "execa";
import { median, medians, printReport, round, timed, type Samples } from "./report.ts";

const SIDES = ["each", "once"] as const;

/**
 * Measures a whole `vitest run` of twenty tests that each need a machine after one second of setup
 * work: with a rollback and that work in `each` test, and with `setupOnce`. `VMRIG_BENCH_TESTS`
 * sets another number of tests.
 */
export async function checkpoint(rounds: number): Promise<void> {
  const samples: Samples = {};
  // The machine may have to be created.
  await vitest("once", "1");
  for (let turn = 0; turn < rounds; turn++) {
    for (const side of turn % 2 === 0 ? SIDES : SIDES.toReversed())
      await timed(samples, side, () => vitest(side));
  }
  const of = (side: (typeof SIDES)[number]): number => median(samples[side] ?? []);
  printReport({
    bench: "checkpoint",
    runs: rounds,
    ms: medians(samples),
    ratios: { overSetupEach: round(of("each") / of("once"), 2) },
  });
}

async function vitest(side: (typeof SIDES)[number], tests?: string): Promise<void> {
  await execa("vitest", ["run", side], {
    cwd: join(import.meta.dirname, "projects", "checkpoint"),
    env: tests === undefined ? {} : { VMRIG_BENCH_TESTS: tests },
    preferLocal: true,
    localDir: import.meta.dirname,
  });
}
