import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { endRedis } from "./end-redis.ts";
import { median, medians, printReport, round, timed, type Samples } from "./report.ts";

const COPIES = [1, 2, 4] as const;
const FILES = 8;
const PROJECT = join(import.meta.dirname, "projects", "copies");

/**
 * Measures a whole `vitest run` of eight files, each of which keeps its machine busy for a second,
 * on 1, 2 and 4 copies. Uses the fake driver, because this benchmark measures how well vmrig
 * distributes copies, not how many emulated machines a computer can run.
 */
export async function copies(rounds: number): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "vmrig-bench-"));
  const samples: Samples = {};
  const command = { cwd: PROJECT, preferLocal: true, localDir: import.meta.dirname } as const;
  const env = {
    VMRIG_HOME: join(home, "home"),
    VMRIG_CACHE: join(home, "cache"),
    VMRIG_REDIS_URL: undefined,
  };
  const run = async (count: number): Promise<void> => {
    await execa("vitest", ["run"], {
      ...command,
      env: { ...env, VMRIG_BENCH_CONFIG: `${count}.vmrig.config.ts` },
    });
  };
  try {
    for (const count of COPIES) await run(count);
    for (let turn = 0; turn < rounds; turn++) {
      for (const count of COPIES) await timed(samples, `copies${count}`, () => run(count));
    }
  } finally {
    for (const count of COPIES) {
      await execa("vmrig", ["destroy", `copies-${count}`, "--config", `${count}.vmrig.config.ts`], {
        ...command,
        env,
        reject: false,
      });
    }
    await endRedis(join(home, "home"));
    await rm(home, { recursive: true, force: true });
  }
  const of = (count: number): number => median(samples[`copies${count}`] ?? []);
  const perMinute = Object.fromEntries(
    COPIES.map((count) => [`filesPerMinute@${count}`, round((FILES * 60_000) / of(count), 0)]),
  );
  printReport({
    bench: "copies",
    runs: rounds,
    ms: medians(samples),
    ratios: {
      ...perMinute,
      over1With2: round(of(1) / of(2), 2),
      over1With4: round(of(1) / of(4), 2),
    },
  });
}
