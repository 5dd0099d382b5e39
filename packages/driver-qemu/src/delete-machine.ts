import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { machineNames, type MachineContext } from "./machine-context.ts";
import { stopProcess } from "./process/qemu-process.ts";

/**
 * Deletes a machine and its files, and the copy's images with the last machine. The caller must
 * hold the machine's file lock.
 */
export async function deleteMachine(machine: MachineContext): Promise<void> {
  const { definition, files } = machine;
  await stopProcess(machine);
  await rm(files.folder, { recursive: true, force: true });
  if ((await machineNames(definition)).length === 0)
    await rm(dirname(dirname(definition.image.disk)), { recursive: true, force: true });
}
