import { rm } from "node:fs/promises";
import { join } from "node:path";
import { machineNames, type MachineRemains } from "./machine-context.ts";
import type { CopyFolders } from "./machine-files.ts";
import { stopProcess } from "./process/qemu-process.ts";

/**
 * Deletes a machine and its files, complete or not, and the copy's images with the last machine.
 * The machine counts as incomplete from the first step on, so that the next call completes an
 * interrupted removal. The caller must hold the machine's file lock.
 */
export async function deleteMachine(copy: CopyFolders, machine: MachineRemains): Promise<void> {
  const { files } = machine;
  await rm(files.definition, { force: true });
  await stopProcess(machine);
  await rm(files.folder, { recursive: true, force: true });
  if ((await machineNames(copy)).length === 0)
    await rm(join(copy.folder, "images"), { recursive: true, force: true });
}
