import { readdir } from "node:fs/promises";
import { fileLockHolder, VmrigError, type MachineRef } from "vmrig/driver";
import {
  machineDefinition,
  machineFiles,
  machinesFolder,
  readJson,
  type CopyFolders,
  type MachineDefinition,
  type MachineFiles,
  type QemuProcess,
} from "./machine-files.ts";
import { findProcess } from "./process/find-process.ts";

/**
 * A machine of this computer: its definition, its files and its process. Each call of the driver
 * resolves the context once, and passes it down. A call that changes the machine resolves it under
 * the machine's file lock (see `withMachine`): no other process can start or end QEMU meanwhile.
 */
export interface MachineContext {
  readonly name: string;
  readonly definition: MachineDefinition;
  readonly files: MachineFiles;
  /** The QEMU process that ran when the context was resolved. */
  readonly process: QemuProcess | undefined;
}

/** @throws VmrigError `HOME_SHARED` when QEMU may run in another container */
export async function resolveMachine(definition: MachineDefinition): Promise<MachineContext> {
  const { name } = definition;
  const files = machineFiles(definition, name);
  return { name, definition, files, process: await findProcess(files, definition) };
}

/** Finds a machine of a copy. Returns undefined if it does not exist. */
export async function findMachine(
  copy: CopyFolders,
  name: string,
): Promise<MachineContext | undefined> {
  const definition = await readJson(machineFiles(copy, name).definition, machineDefinition);
  return definition && (await resolveMachine(definition));
}

/** Finds a machine. @throws VmrigError `MACHINE_MISSING`, with the existing machines */
export async function requireMachine({ copy, name }: MachineRef): Promise<MachineContext> {
  const machine = await findMachine(copy, name);
  if (machine !== undefined) return machine;
  const names = await machineNames(copy);
  throw new VmrigError("MACHINE_MISSING", {
    message: `There is no machine ${name} in copy ${copy.copy}.`,
    details: [`looked in ${machinesFolder(copy)}`, `available: ${names.join(", ") || "none"}`],
  });
}

/** Returns the running process of a machine. @throws VmrigError `MACHINE_OFF` */
export function requireProcess({ name, process }: MachineContext): QemuProcess {
  if (process !== undefined) return process;
  throw new VmrigError("MACHINE_OFF", { message: `${name} is off: its QEMU process is gone.` });
}

/** Returns the machines of a copy that exist on this computer, in the config or not. */
export async function machineNames(copy: Pick<CopyFolders, "folder">): Promise<string[]> {
  return readdir(machinesFolder(copy)).catch(() => []);
}

/** Whether a machine of the copy runs, or another process is working on one. */
export async function isCopyInUse(copy: CopyFolders): Promise<boolean> {
  for (const name of await machineNames(copy)) {
    if ((await findMachine(copy, name))?.process !== undefined) return true;
    if ((await fileLockHolder(machineFiles(copy, name).lock)) !== undefined) return true;
  }
  return false;
}
