import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContractHarness, PlantedOrphan } from "../contract.ts";
import type { MachineStatus } from "../inventory.ts";
import type { CopySpec, Driver } from "../driver.ts";
import { fakeDriver } from "./driver.ts";
import { machineFiles } from "./machine-files.ts";
import { endMembers, mark, members } from "./members.ts";

/**
 * A copy of fake machines in a temporary folder. Disposing ends the machines and deletes the
 * folder.
 */
export interface FakeMachines extends AsyncDisposable {
  readonly copy: CopySpec;
  harness(driver?: Driver): ContractHarness;
}

export async function setUpFakeMachines(
  names: readonly string[] = ["pc1", "pc2"],
): Promise<FakeMachines> {
  const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  const copy: CopySpec = {
    rig: "pcs",
    copy: "pcs-1",
    folder: join(root, "rigs", "pcs-1"),
    runtimeFolder: join(root, "run", "pcs-1"),
    cacheFolder: join(root, "cache"),
    machines: names.map((name, index) => ({
      name,
      cpus: 1,
      memoryMb: 512,
      diskGb: 4,
      lanAddress: `10.77.0.${11 + index}`,
    })),
  };
  await Promise.all(
    [copy.folder, copy.runtimeFolder, copy.cacheFolder].map((folder) =>
      mkdir(folder, { recursive: true }),
    ),
  );
  return {
    copy,
    harness: (driver = fakeDriver()) => ({
      driver,
      copy,
      lan: false,
      bootId: 'echo "$VMRIG_BOOT_ID"',
      wipe: 'find "${VMRIG_FAKE_DISK:?}" -mindepth 1 -delete',
      kill: killFake,
      orphan: () => plantOrphan(join(root, "gone", "machines", "pc9")),
      leftovers: async () =>
        names.flatMap((name) =>
          members(machineFiles(copy, name)).map((pid) => `${name}: process ${pid}`),
        ),
    }),
    async [Symbol.asyncDispose]() {
      await endMembers({ folder: join(root, "gone", "machines", "pc9") });
      await Promise.all(names.map((name) => endMembers(machineFiles(copy, name))));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Kills the machine's process, as a crash would. Processes that it started keep running. */
export async function killFake(machine: MachineStatus | undefined): Promise<void> {
  const pid = /^pid (\d+)/.exec(machine?.location ?? "")?.[1];
  if (pid === undefined) throw new Error(`${machine?.name} has no process: ${machine?.location}`);
  process.kill(Number(pid), "SIGKILL");
}

/**
 * Starts the kind of process that is left of a machine when its process was killed and its folder
 * was then deleted.
 */
async function plantOrphan(folder: string): Promise<PlantedOrphan> {
  const child = spawn("sleep", ["3600"], {
    stdio: "ignore",
    detached: true,
    env: { ...process.env, ...mark({ folder }) },
  });
  child.unref();
  return { mark: `process ${child.pid}, `, lives: async () => members({ folder }).length > 0 };
}
