import { passFence, withFileLock, type Authority, type MachineRef } from "vmrig/driver";
import {
  machineNames,
  missingMachine,
  requireMachine,
  resolveRemains,
  type MachineContext,
  type MachineRemains,
} from "./machine-context.ts";
import { machineFiles } from "./machine-files.ts";
import { openQmp, type Qmp } from "./qmp/qmp.ts";

/** A machine whose file lock this call holds, under a lease whose fence the machine accepted. */
export interface LockedMachine<A extends Authority = Authority> extends MachineContext {
  readonly authority: A;
}

export interface MachineCall<A extends Authority> {
  readonly ref: MachineRef;
  readonly authority: A;
}

/**
 * Runs a command on a machine under its file lock, from the fence check to the end of the command.
 * No other process can act on the machine meanwhile, whatever its fence. A slower process checks
 * its fence once it has the lock, and finds the larger fence.
 *
 * @throws VmrigError `MACHINE_MISSING`, `FENCED`; the signal's reason
 */
export async function withMachine<A extends Authority>(
  { ref, authority }: MachineCall<A>,
  command: (machine: LockedMachine<A>) => Promise<void>,
): Promise<void> {
  const { fence, signal } = authority;
  const { lock } = machineFiles(ref.copy, ref.name);
  await withFileLock({ path: lock, on: ref.name, signal }, async () => {
    const machine = await requireMachine(ref);
    await passFence(machine.files.fences, machine.name, fence);
    signal.throwIfAborted();
    await command({ ...machine, authority });
  });
}

/**
 * Like {@link withMachine}, for commands that also act on a machine that is incomplete, or whose
 * record cannot be read.
 *
 * @throws VmrigError `MACHINE_MISSING`, `FENCED`; the signal's reason
 */
export async function withRemains(
  { ref, authority }: MachineCall<Authority>,
  command: (machine: MachineRemains) => Promise<void>,
): Promise<void> {
  const { copy, name } = ref;
  const { fence, signal } = authority;
  const { lock, fences } = machineFiles(copy, name);
  await withFileLock({ path: lock, on: name, signal }, async () => {
    const names = await machineNames(copy);
    if (!names.includes(name)) throw missingMachine(ref, names);
    await passFence(fences, name, fence);
    signal.throwIfAborted();
    await command(await resolveRemains(copy, name));
  });
}

/**
 * Opens the control channel for one command. Checks the fence while the channel is open: from then
 * on no other client can act on this process, not even one without the file lock.
 */
export async function openControl({ name, files, authority }: LockedMachine): Promise<Qmp> {
  const { fence, signal } = authority;
  const qmp = await openQmp({ path: files.qmp, machine: name, signal });
  try {
    await passFence(files.fences, name, fence);
    signal.throwIfAborted();
    return qmp;
  } catch (error) {
    await qmp[Symbol.asyncDispose]();
    throw error;
  }
}
