import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileLockHolder, VmrigError, type CopySpec, type MachineRef } from "vmrig/driver";
import {
  machineDefinition,
  machineFiles,
  readJson,
  type MachineDefinition,
  type QemuRun,
} from "./machine-files.ts";
import { findProcess } from "./process/qemu-process.ts";

/** Returns the machines of a copy that exist on this computer, in the config or not. */
export async function machineNames(copy: Pick<CopySpec, "folder">): Promise<string[]> {
  return readdir(join(copy.folder, "machines")).catch(() => []);
}

/** Whether a machine of the copy runs, or another process is working on one. */
export async function anyRuns(copy: Pick<CopySpec, "folder" | "runtimeFolder">): Promise<boolean> {
  for (const name of await machineNames(copy)) {
    const files = machineFiles(copy, name);
    const machine = await readJson(files.definition, machineDefinition);
    if (machine !== undefined && (await findProcess(machine)) !== undefined) return true;
    if ((await fileLockHolder(files.lock)) !== undefined) return true;
  }
  return false;
}

/** Finds a machine. @throws VmrigError `MACHINE_MISSING`, with the existing ones */
export async function findMachine(ref: MachineRef): Promise<MachineDefinition> {
  const machine = await readJson(machineFiles(ref.copy, ref.name).definition, machineDefinition);
  if (machine !== undefined) return machine;
  const names = await machineNames(ref.copy);
  throw new VmrigError("MACHINE_MISSING", {
    message: `There is no machine ${ref.name} in copy ${ref.copy.copy}.`,
    details: [
      `looked in ${join(ref.copy.folder, "machines")}`,
      `available: ${names.join(", ") || "none"}`,
    ],
  });
}

/** Finds a running machine. @throws VmrigError `MACHINE_OFF` */
export async function findRunning(
  ref: MachineRef,
): Promise<{ machine: MachineDefinition; run: QemuRun }> {
  const machine = await findMachine(ref);
  const run = await findProcess(machine);
  if (run === undefined)
    throw new VmrigError("MACHINE_OFF", {
      message: `${machine.name} is off: its QEMU process is gone.`,
    });
  return { machine, run };
}
