import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Authority } from "../authority.ts";
import type { MachineRef } from "../driver.ts";
import { passFence } from "../fence.ts";
import { withFileLock } from "../../local-files/file-lock.ts";
import {
  machineFiles,
  machinesFolder,
  readDefinition,
  type MachineDefinition,
  type MachineFiles,
} from "./machine-files.ts";

/**
 * Holds the lock of a machine while `act` runs outside of the machine's process, so that no other
 * call acts on the machine, whatever its fence is.
 */
export async function withMachineLock<T>(
  ref: MachineRef,
  { fence, signal }: Authority,
  act: (machine: FoundMachine) => Promise<T>,
): Promise<T> {
  return await withFileLock(
    { path: machineFiles(ref.copy, ref.name).lock, on: ref.name, signal },
    async () => {
      const machine = await findMachine(ref);
      await passFence(machine.files.fences, ref.name, fence);
      signal.throwIfAborted();
      return await act(machine);
    },
  );
}

/**
 * Like {@link withMachineLock}, for calls that also act on a machine that is incomplete, or whose
 * record cannot be read.
 *
 * @throws VmrigError `MACHINE_MISSING`, `FENCED`; the signal's reason
 */
export async function withRemains(
  { copy, name }: MachineRef,
  { fence, signal }: Authority,
  act: (files: MachineFiles) => Promise<void>,
): Promise<void> {
  const files = machineFiles(copy, name);
  await withFileLock({ path: files.lock, on: name, signal }, async () => {
    const names: string[] = await readdir(machinesFolder(copy)).catch(() => []);
    if (!names.includes(basename(files.folder))) throw missing({ copy, name }, names);
    await passFence(files.fences, name, fence);
    signal.throwIfAborted();
    await act(files);
  });
}

/** A machine that exists. */
export interface FoundMachine {
  readonly files: MachineFiles;
  readonly definition: MachineDefinition;
}

/** @throws VmrigError `MACHINE_MISSING` with the known machines */
export async function findMachine({ copy, name }: MachineRef): Promise<FoundMachine> {
  const files = machineFiles(copy, name);
  const definition = await readDefinition(files, name);
  if (definition !== undefined) return { files, definition };
  throw missing({ copy, name }, await readdir(machinesFolder(copy)).catch(() => []));
}

function missing({ copy, name }: MachineRef, names: readonly string[]): VmrigError {
  return new VmrigError("MACHINE_MISSING", {
    message: `There is no machine ${name} in copy ${copy.copy}.`,
    details: [`looked in ${machinesFolder(copy)}`, `it has: ${names.join(", ") || "none"}`],
  });
}

export function off(name: string): VmrigError {
  return new VmrigError("MACHINE_OFF", { message: `${name} is off: its process is gone.` });
}
