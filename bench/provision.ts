import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { findTerraform } from "../packages/vmrig/src/provision/terraform-binary.ts";
import { serveStateBackend } from "../packages/vmrig/src/provision/state/http-backend.ts";
import { StateSession } from "../packages/vmrig/src/provision/state/state-session.ts";
import { redisStore } from "../packages/vmrig/src/provision/state/stores/redis/redis-store.ts";
import { holderNamed, startRedis } from "./lease/redis.ts";
import { median, medians, printReport, round, timed, type Samples } from "./report.ts";

const RESOURCES = 20;

/** Terraform in a folder, initialised for a backend. */
type Engine = (...args: readonly string[]) => Promise<void>;

/**
 * Measures an apply of 20 resources and a plan without changes, through vmrig's http backend in
 * front of Redis, and with Terraform's own local backend.
 */
export async function provision(rounds: number): Promise<void> {
  await using redis = await startRedis();
  await using store = await redisStore({ redis: { socketPath: redis.socketPath } });
  const root = await mkdtemp(join(tmpdir(), "vmrig-bench-"));
  const samples: Samples = {};
  try {
    for (let turn = 0; turn < rounds; turn++) {
      const copy = { rig: "bench", copy: `bench-${turn}` };
      const by = holderNamed("bench");
      const session = await StateSession.open({ store, copy, fence: 1, by });
      await session.ensureOwner("bench", undefined);
      const onRefused = (why: Error): never => {
        throw why;
      };
      await using backend = await serveStateBackend({ session, onRefused });
      const ours = await initialise(join(root, `vmrig-${turn}`), "http", backend.environment);
      const native = await initialise(join(root, `native-${turn}`), "local", {});
      for (const [side, engine] of [
        ["vmrig", ours],
        ["native", native],
      ] as const) {
        await timed(samples, `${side}Apply`, () => engine("apply", "-auto-approve"));
        await timed(samples, `${side}Plan`, () => engine("plan", "-detailed-exitcode"));
      }
      if (!(session.text ?? "").includes(`r${RESOURCES - 1}`))
        throw new Error("the state was not stored");
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  const of = (side: string): number => median(samples[side] ?? []);
  printReport({
    bench: "provision",
    runs: rounds,
    ms: medians(samples),
    ratios: {
      overNative: round(
        (of("vmrigApply") + of("vmrigPlan")) / (of("nativeApply") + of("nativePlan")),
        3,
      ),
      apply: round(of("vmrigApply") / of("nativeApply"), 3),
      plan: round(of("vmrigPlan") / of("nativePlan"), 3),
    },
  });
}

async function initialise(
  folder: string,
  backend: "http" | "local",
  env: Readonly<Record<string, string>>,
): Promise<Engine> {
  const { path } = await findTerraform();
  const resources = Object.fromEntries(
    Array.from({ length: RESOURCES }, (_, i) => [`r${i}`, { input: `${i}` }] as const),
  );
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, "main.tf.json"),
    JSON.stringify({
      terraform: { backend: { [backend]: {} } },
      resource: {
        terraform_data: {
          vmrig_owner: { input: "bench" },
          ...resources,
        },
      },
    }),
  );
  const run: Engine = async (...args) => {
    await execa(path, [...args, "-no-color", "-input=false"], {
      cwd: folder,
      env: { CHECKPOINT_DISABLE: "1", ...env },
    });
  };
  await run("init");
  return run;
}
