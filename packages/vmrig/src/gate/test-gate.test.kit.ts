import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { test as base, vi } from "vitest";
import { endRedis } from "../redis/end-redis.test.kit.ts";
import { prove } from "../baseline/proof.ts";
import { copySpec, copySpecs } from "../config/copy-spec.ts";
import type { Folders } from "../config/folders.ts";
import { rigSchema, type ResolvedRig, type RigConfig } from "../config/schema.ts";
import type { MachineStatus } from "../driver/inventory.ts";
import type { CopySpec } from "../driver/driver.ts";
import { fakeDriver } from "../driver/fake/driver.ts";
import { machineFiles } from "../driver/fake/machine-files.ts";
import { endMembers } from "../driver/fake/members.ts";
import { dial } from "../ssh/dial.ts";
import type { Gate } from "./gate.ts";
import { openGate } from "./open-gate.ts";
import type { GateOptions } from "./gate-options.ts";
import type { Grant } from "../protocol/messages.ts";

// Each test starts Redis, Terraform and two machines. This takes a second or two here, and more on
// a busy computer.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

/** A run of vitest, as the gate sees it. */
export interface Run {
  readonly gate: Gate;
  /** All lines that the run printed. */
  readonly logLines: string[];
}

/**
 * Environment of the tests in this folder: a computer of one user, with real Redis and Terraform,
 * and fake machines.
 */
export interface TestGate {
  readonly folders: Folders;
  run(config?: Partial<RigConfig>, options?: Partial<GateOptions> & { readonly who?: string }): Run;
  copy(): Promise<CopySpec>;
  /** Returns the existing machines by name. */
  machines(): Promise<Readonly<Record<string, MachineStatus>>>;
  /** Opens an operator's connection to the embedded Redis. */
  redis(): Redis;
}

export const test = base.extend<{ testGate: TestGate }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the names of the fixtures from it
  testGate: async ({}, use) => {
    const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
    const folders: Folders = {
      state: join(root, "state"),
      cache: join(root, "cache"),
      runtime: join(root, "run"),
    };
    const gates: Gate[] = [];
    const connections: Redis[] = [];
    await Promise.all(
      Object.values(folders).map((folder: string) => mkdir(folder, { mode: 0o700 })),
    );
    // A Redis from the environment would belong to other tests.
    vi.stubEnv("VMRIG_REDIS_URL", undefined);

    await use({
      folders,
      run(config = {}, { who = "alice", ...options } = {}) {
        const logLines: string[] = [];
        const holder = { who, host: "laptop", command: "vitest run", session: `session of ${who}` };
        const gate = openGate({
          rig: rigOf(config),
          folders,
          holder,
          say: (line) => logLines.push(line),
          ...options,
        });
        gates.push(gate);
        return { gate, logLines };
      },
      copy: async () => await copySpec(rigOf({}), 1, folders),
      async machines() {
        const { machines } = await fakeDriver().inspect(await copySpec(rigOf({}), 1, folders));
        return Object.fromEntries(machines.map((machine) => [machine.name, machine]));
      },
      redis() {
        const redis = new Redis({ path: join(folders.runtime, "redis", "redis.sock") });
        connections.push(redis);
        return redis;
      },
    });

    vi.unstubAllEnvs();
    for (const redis of connections) redis.disconnect();
    await Promise.allSettled(gates.map((gate) => gate.close()));
    for (const copy of await copySpecs(rigOf({ copies: 9 }), folders)) await endMachines(copy);
    await endRedis(join(folders.state, "redis"));
    await rm(root, { recursive: true, force: true });
  },
});

export function rigOf(config: Partial<RigConfig>): ResolvedRig {
  return rigSchema.parse({
    name: "pcs",
    driver: fakeDriver(),
    machines: { pc1: {}, pc2: {} },
    ...config,
  });
}

async function endMachines(copy: CopySpec): Promise<void> {
  const names = await readdir(join(copy.folder, "machines")).catch(() => []);
  await Promise.all(names.map((name) => endMembers(machineFiles(copy, name))));
}

/**
 * Runs a shell line on a granted machine, over a connection that also proves the rollback, as a
 * worker does.
 *
 * @returns the output of the line
 */
export async function on(
  { machines, baseline, guest, nonce }: Grant,
  name: string,
  line: string,
): Promise<string> {
  const target = machines.find((machine) => machine.name === name)?.target;
  if (target === undefined) throw new Error(`${name} was not granted`);
  await using connection = await dial(target, { name });
  await prove(connection, { machine: name, baseline, guest, nonce });
  const result = await connection.exec(line);
  if (result.exitCode !== 0)
    throw new Error(
      `\`${line}\` exited with ${result.exitCode}: ${result.stderr.toString("utf8")}`,
    );
  return result.stdout.toString("utf8").trim();
}

/**
 * Returns the process of each machine. Equal results mean that no machine was recreated or
 * restarted.
 */
export function locations(
  machines: Readonly<Record<string, MachineStatus>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(machines).map(([name, machine]) => [name, machine.location]),
  );
}
