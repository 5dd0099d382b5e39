import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { spawnGate } from "vmrig/runner";
import { claimMachines, connectGate } from "vmrig/worker";
import { endRedis } from "./end-redis.ts";
import { median, medians, printReport, round, timed, type Samples } from "./report.ts";

const COPIES = 3;
const FILES = 24;
const FILE_MS = 2_000;
const PROJECT = join(import.meta.dirname, "projects", "copies");
const CONFIG = join(PROJECT, `${COPIES}.vmrig.config.ts`);

type Client = Awaited<ReturnType<typeof connectGate>>;

/**
 * Measures how long a run of one file waits while another run of 24 files uses all three copies of
 * a rig: from its claim to its machines, rollback included. It comes at another moment of a file in
 * each round. Uses the fake driver.
 */
export async function fairness(rounds: number): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "vmrig-bench-"));
  Object.assign(process.env, {
    VMRIG_HOME: join(home, "home"),
    VMRIG_CACHE: join(home, "cache"),
  });
  const samples: Samples = {};
  try {
    // Creates the machines, then measures one file of a run that has its copy.
    await withRun((client) => Promise.all(workers(client, COPIES)));
    await withRun(async (client) => {
      await useOnce(client, 0);
      for (let turn = 0; turn < rounds; turn++)
        await timed(samples, "file", () => useOnce(client, FILE_MS));
    });
    for (let turn = 0; turn < rounds; turn++) {
      await withRun(async (client) => {
        const long = Promise.all(workers(client, FILES));
        // All copies are held when the first files are under way.
        await sleep(FILE_MS * (1.5 + turn / rounds));
        await withRun((other) => timed(samples, "wait", () => useOnce(other, 0)));
        await timed(samples, "rest", () => long);
      });
    }
  } finally {
    await execa("vmrig", ["destroy", `copies-${COPIES}`, "--config", CONFIG], {
      cwd: PROJECT,
      preferLocal: true,
      localDir: import.meta.dirname,
      reject: false,
    });
    await endRedis(join(home, "home"));
    await rm(home, { recursive: true, force: true });
  }
  const waits = samples["wait"] ?? [];
  const fileMs = median(samples["file"] ?? []);
  printReport({
    bench: "fairness",
    runs: rounds,
    ms: medians(samples),
    ratios: {
      wait: round(median(waits) / fileMs, 2),
      longestWait: round(Math.max(...waits) / fileMs, 2),
    },
  });
}

async function withRun<T>(use: (client: Client) => Promise<T>): Promise<T> {
  const gate = await spawnGate({ config: CONFIG, onLine: (line) => console.log(`vmrig  ${line}`) });
  const client = await connectGate(gate.socket);
  try {
    return await use(client);
  } finally {
    client.close();
    await gate.close();
  }
}

/** Runs files, one after the other in each of as many workers as there are copies. */
function workers(client: Client, files: number): Promise<void>[] {
  let left = files;
  return Array.from({ length: COPIES }, async () => {
    while (left-- > 0) await useOnce(client, FILE_MS);
  });
}

async function useOnce(client: Client, ms: number): Promise<void> {
  const claim = await claimMachines(client, "file");
  await sleep(ms);
  await claim.release();
}
