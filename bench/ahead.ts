import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import { spawnGate } from "vmrig/runner";
import { claimMachines, connectGate } from "vmrig/worker";
import { endRedis } from "./end-redis.ts";
import { median, medians, printReport, round, timed, type Samples } from "./report.ts";

/**
 * Pauses between a file's release and the next file's claim: none, the import of a small file, that
 * of a large file, a new worker for each file.
 */
const PAUSES = [0, 50, 200, 500, 2_000] as const;
const PROJECT = join(import.meta.dirname, "projects", "copies");

/**
 * Measures the time that rollback ahead hides, compared with a gate that does not know how many
 * files are left and therefore rolls back at the claim. Measures the time from a claim to its first
 * command, by the pause before it, and a whole `vitest run` of eight files. Runs on the benchmark's
 * machine, or on machines of the fake driver.
 */
export async function ahead(rounds: number, fake: boolean): Promise<void> {
  const home = fake ? await mkdtemp(join(tmpdir(), "vmrig-bench-")) : undefined;
  if (home !== undefined)
    Object.assign(process.env, {
      VMRIG_HOME: join(home, "home"),
      VMRIG_CACHE: join(home, "cache"),
    });
  const config = fake
    ? join(PROJECT, "1.vmrig.config.ts")
    : join(import.meta.dirname, "vmrig.config.ts");
  const samples: Samples = {};
  try {
    await claims(config, rounds, samples);
    await vitest(config, []);
    for (let turn = 0; turn < rounds; turn++) {
      await timed(samples, "runAfter", () => vitest(config, ["-t", "keeps"]));
      await timed(samples, "runAhead", async () => noteLead(samples, await vitest(config, [])));
    }
  } finally {
    if (home !== undefined) {
      await execa("vmrig", ["destroy", "copies-1", "--config", config], {
        cwd: PROJECT,
        preferLocal: true,
        reject: false,
      });
      await endRedis(join(home, "home"));
      await rm(home, { recursive: true, force: true });
    }
  }
  const ratio = (after: string, ahead: string): number =>
    round(median(samples[after] ?? []) / median(samples[ahead] ?? []), 2);
  printReport({
    bench: "ahead",
    runs: rounds,
    ms: medians(samples),
    ratios: {
      ...Object.fromEntries(
        PAUSES.map((pause) => [`overAfter@${pause}`, ratio(`after@${pause}`, `ahead@${pause}`)]),
      ),
      overRunAfter: ratio("runAfter", "runAhead"),
    },
  });
}

async function claims(config: string, rounds: number, samples: Samples): Promise<void> {
  const gate = await spawnGate({ config, onLine: (line) => console.log(`vmrig  ${line}`) });
  const client = await connectGate(gate.socket);
  const use = async (): Promise<() => Promise<void>> => {
    const claim = await claimMachines(client, "file");
    const machine = claim.machines["pc1"];
    if (machine === undefined) throw new Error("the rig of the benchmarks has no pc1");
    await machine.$`true`;
    return () => claim.release();
  };
  try {
    for (let turn = 0; turn < rounds; turn++) {
      for (const pause of PAUSES) {
        for (const [side, files] of [["after", 0] as const, ["ahead", 2] as const]) {
          await client.begin();
          const release = await use();
          await client.expect(files);
          await release();
          await sleep(pause);
          await timed(samples, `${side}@${pause}`, async () => (await use())());
        }
      }
    }
  } finally {
    client.close();
    await gate.close();
  }
}

/**
 * A gate does not know the number of files of a run that selects its tests by name. So the other
 * side uses `-t` with a name that matches all tests.
 */
async function vitest(config: string, words: readonly string[]): Promise<string> {
  const { stdout } = await execa("vitest", ["run", ...words], {
    cwd: PROJECT,
    env: { VMRIG_BENCH_CONFIG: config },
    preferLocal: true,
    localDir: import.meta.dirname,
  });
  return stripVTControlCharacters(stdout);
}

/**
 * Reads the time from the beginning of a file's rollback to the file's claim. At most this time can
 * be hidden.
 */
function noteLead(samples: Samples, output: string): void {
  for (const [, number, unit] of output.matchAll(/begun ([\d.]+) (m?s) ahead/g)) {
    (samples["lead"] ??= []).push(Number(number) * (unit === "s" ? 1_000 : 1));
  }
}
