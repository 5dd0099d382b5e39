/**
 * A run that provisions under its lease, without tests: `node provisioner.ts`, with its plan as JSON
 * in CHAOS_PLAN. It is both the runner and the gate. One lease and one use of Terraform is a _visit_.
 * Exits with 1 when one failed.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isVmrigError } from "vmrig";
import type { CopySpec } from "vmrig/driver";
import { systemClock } from "../../packages/vmrig/src/clock/clock.ts";
import { openLeaseStore } from "../../packages/vmrig/src/lease/open-lease-store.ts";
import { provision } from "../../packages/vmrig/src/provision/provision.ts";
import { openStateStore } from "../../packages/vmrig/src/provision/state/open-state-store.ts";
import { cloudDriver } from "./cloud-driver.ts";
import { recordStep } from "./cloud-events.ts";
import { injectBug } from "./injected-bugs.ts";
import { MACHINES, type Provisioning, type ProvisionerPlan, type WantedMachine } from "./plan.ts";
import { machinesInState } from "./state-text.ts";

export interface ProvisionerOptions extends ProvisionerPlan {
  readonly eventLog: string;
}

const plan = JSON.parse(process.env["CHAOS_PLAN"] ?? "null") as ProvisionerOptions;
const { session, home, eventLog } = plan;
const { CHAOS_ROOT = "", CHAOS_REDIS = "", CHAOS_COPIES = "1", CHAOS_TTL_MS = "" } = process.env;
const copies = Array.from({ length: Number(CHAOS_COPIES) }, (_, index) => `chaos-${index + 1}`);
const redis = { url: CHAOS_REDIS };
const holder = { who: home, host: home, command: session, session };
const allowed = new Set(MACHINES.map((name) => `terraform_data.${name}`));

async function spec(copy: string, machines: readonly WantedMachine[]): Promise<CopySpec> {
  const folder = join(CHAOS_ROOT, "homes", home, copy);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    rig: "chaos",
    copy,
    folder,
    runtimeFolder: join(folder, "run"),
    cacheFolder: join(folder, "cache"),
    machines: machines.map(({ name, memoryMb }) => ({
      name,
      memoryMb,
      cpus: 1,
      diskGb: 4,
      lanAddress: "10.77.0.11",
    })),
  };
}

/** Returns what the state has and one more machine; another label when it has all of them. */
function oneMore(
  known: readonly WantedMachine[],
  [more]: readonly WantedMachine[],
): WantedMachine[] {
  const next = MACHINES.find((name) => !known.some((machine) => machine.name === name));
  if (more === undefined) throw new Error("the plan has no machine");
  if (next !== undefined) return [...known, { ...more, name: next }];
  return known.map((machine, index) => (index === 0 ? { ...machine, label: more.label } : machine));
}

async function visit({ what, machines, stepMs }: Provisioning): Promise<void> {
  await using leases = await openLeaseStore({ redis });
  await using states = await openStateStore(
    { store: "redis" },
    { folder: CHAOS_ROOT, redis, namespace: "vmrig", clock: systemClock },
  );
  await using lease = await leases.acquire(
    { rig: "chaos", copies, ...(plan.copy !== undefined && { accept: [plan.copy] }) },
    { holder, ttlMs: Number(CHAOS_TTL_MS), waitForMs: 90_000 },
  );
  const by = { session, home, copy: lease.copy, fence: lease.fence };
  recordStep(eventLog, "granted", by);
  const cloud = join(CHAOS_ROOT, "cloud");
  const attempt = async (): Promise<readonly WantedMachine[]> => {
    const stored = await states.read({ rig: "chaos", copy: lease.copy });
    const wanted =
      what === "add" ? oneMore(machinesInState(stored?.text ?? ""), machines) : machines;
    await provision({
      driver: cloudDriver({ cloud, eventLog, by, machines: wanted, stepMs }),
      copy: await spec(lease.copy, wanted),
      fingerprint: { image: "sha256:0000", platform: "cloud" },
      guard: lease,
      states,
      by: holder,
      say: (line) => process.stdout.write(`${line}\n`),
      ...(what === "set" && { allow: allowed }),
    });
    return wanted;
  };
  const made = await attempt().catch((error: unknown) => {
    // The first attempt may have stored a state that an earlier run could not save. What this run
    // wants is then out of date.
    if (what === "add" && isVmrigError(error) && error.code === "PLAN_REFUSED") return attempt();
    throw error;
  });
  lease.assertHeld();
  const shown = made.map(({ name, memoryMb }) => `${name}:${memoryMb}`).toSorted();
  recordStep(eventLog, "provisioned", by, shown.join(","));
  await injectBug({ redis: CHAOS_REDIS, cloud, eventLog, by });
}

for (const one of plan.visits) {
  try {
    await visit(one);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(
      `failed   ${isVmrigError(error) ? error.code : "UNKNOWN"} (${one.what}) ${String(error)} ${isVmrigError(error) ? error.details.join("; ") : ""}\n`,
    );
  }
  await sleep(one.pauseMs);
}
