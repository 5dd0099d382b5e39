import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContractHarness } from "../contract.ts";
import type { CopySpec, Driver, MachineStatus } from "../driver.ts";
import { fakeDriver } from "./driver.ts";
import { machineFiles } from "./machine-files.ts";
import { endMembers, members } from "./members.ts";

/** A copy of fake machines in a temporary folder, all of which ends with the scene. */
export interface FakeScene extends AsyncDisposable {
  readonly copy: CopySpec;
  harness(driver?: Driver): ContractHarness;
}

export async function setFakeScene(names: readonly string[] = ["pc1", "pc2"]): Promise<FakeScene> {
  const root = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  const copy: CopySpec = {
    rig: "pcs",
    copy: "pcs-1",
    folder: join(root, "copy"),
    runtimeFolder: join(root, "run"),
    cacheFolder: join(root, "cache"),
    machines: names.map((name, index) => ({ name, cpus: 1, memoryMb: 512, diskGb: 4, lanAddress: `10.77.0.${11 + index}` })),
  };
  await Promise.all([copy.folder, copy.runtimeFolder, copy.cacheFolder].map((folder) => mkdir(folder)));
  return {
    copy,
    harness: (driver = fakeDriver()) => ({
      driver,
      copy,
      lan: false,
      wipe: 'find "${VMRIG_FAKE_DISK:?}" -mindepth 1 -delete',
      kill: killFake,
      leftovers: async () => names.flatMap((name) => members(machineFiles(copy, name)).map((pid) => `${name}: process ${pid}`)),
    }),
    async [Symbol.asyncDispose]() {
      await Promise.all(names.map((name) => endMembers(machineFiles(copy, name))));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Kills the machine's process, as a crash would; what it started lives on. */
export async function killFake(machine: MachineStatus | undefined): Promise<void> {
  const pid = /^pid (\d+)/.exec(machine?.whereabouts ?? "")?.[1];
  if (pid === undefined) throw new Error(`${machine?.name} has no process: ${machine?.whereabouts}`);
  process.kill(Number(pid), "SIGKILL");
}
