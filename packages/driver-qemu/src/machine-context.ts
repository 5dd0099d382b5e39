import { readFile } from "node:fs/promises";
import { fileLockHolder, machineFolders, VmrigError, type MachineRef } from "vmrig/driver";
import {
  machineFiles,
  machinesFolder,
  readDefinition,
  type CopyFolders,
  type MachineDefinition,
  type MachineFiles,
  type QemuProcess,
} from "./machine-files.ts";
import { findProcess } from "./process/find-process.ts";
import { isRunningWithArgument } from "./process/running-program.ts";

/**
 * A machine of this computer: its definition, its files and its process. Each call of the driver
 * resolves the context once, and passes it down. A call that changes the machine resolves it under
 * the machine's file lock (see `withMachine`): no other process can start or end QEMU meanwhile.
 */
export interface MachineContext extends MachineRemains {
  readonly definition: MachineDefinition;
}

/** A machine that may be incomplete: its creation or its removal was interrupted. */
export interface MachineRemains {
  readonly name: string;
  readonly files: MachineFiles;
  /** The QEMU process that ran when the context was resolved. */
  readonly process: QemuProcess | undefined;
}

/** @throws VmrigError `HOME_SHARED` when QEMU may run in another container */
export async function resolveMachine(definition: MachineDefinition): Promise<MachineContext> {
  return { ...(await resolveRemains(definition, definition.name)), definition };
}

/** Resolves a machine that may have no definition. */
export async function resolveRemains(copy: CopyFolders, name: string): Promise<MachineRemains> {
  const files = machineFiles(copy, name);
  return { name, files, process: await findProcess(files, copy) };
}

/**
 * Finds a machine.
 *
 * @throws VmrigError `MACHINE_MISSING`, with the existing machines, if it does not exist or is
 *   incomplete; `STATE_LOST` if its record cannot be read
 */
export async function requireMachine({ copy, name }: MachineRef): Promise<MachineContext> {
  const definition = await readDefinition(machineFiles(copy, name), name);
  if (definition !== undefined) return await resolveMachine(definition);
  throw missingMachine({ copy, name }, await machineNames(copy));
}

export function missingMachine({ copy, name }: MachineRef, names: readonly string[]): VmrigError {
  return new VmrigError("MACHINE_MISSING", {
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
  return await machineFolders(machinesFolder(copy));
}

/**
 * Returns the pid of QEMU. An interrupted start leaves a process that only the pid file names, and
 * that has no record yet.
 */
export async function runningPid({ files, process }: MachineRemains): Promise<number | undefined> {
  if (process !== undefined) return process.pid;
  const pid = Number(await readFile(files.pidFile, "utf8").catch(() => "0"));
  return pid > 0 && (await isRunningWithArgument(pid, files.pidFile)) ? pid : undefined;
}

/** Whether a machine of the copy runs, or another process is working on one. */
export async function isCopyInUse(copy: CopyFolders): Promise<boolean> {
  for (const name of await machineNames(copy)) {
    if ((await runningPid(await resolveRemains(copy, name))) !== undefined) return true;
    if ((await fileLockHolder(machineFiles(copy, name).lock)) !== undefined) return true;
  }
  return false;
}
