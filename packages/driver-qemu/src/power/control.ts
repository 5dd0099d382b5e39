import { readFile } from "node:fs/promises";
import {
  withFileLock,
  passFence,
  VmrigError,
  type Admission,
  type Authority,
  type MachineRef,
} from "vmrig/driver";
import type { Accelerator } from "../process/accelerator.ts";
import { firstLine } from "../first-line.ts";
import { findMachine } from "../find-machine.ts";
import { openGuestAgent } from "../qmp/guest-agent.ts";
import { machineFiles, type MachineDefinition } from "../machine-files.ts";
import { openQmp, type Qmp } from "../qmp/qmp.ts";
import { explainUnresponsiveGuest } from "./unresponsive-guest.ts";

/** Login user of the tests; part of the image. */
const USER = "vmrig";

/** Boot timeout. A cold boot takes a minute emulated on an idle computer, 5 s with KVM. */
export const BOOT_MS: Readonly<Record<Accelerator, number>> = { tcg: 300_000, kvm: 60_000 };

/**
 * Runs a command on a machine under its file lock, from the fence check to the end of the command.
 * No other process can act on the machine meanwhile, whatever its fence. A slower process checks
 * its fence once it has the lock, and finds the larger fence.
 *
 * @throws VmrigError `MACHINE_MISSING`, `FENCED`; the signal's reason
 */
export async function acting<T>(
  ref: MachineRef,
  authority: Authority,
  command: (machine: MachineDefinition) => Promise<T>,
): Promise<T> {
  const { lock, fences } = machineFiles(ref.copy, ref.name);
  return await withFileLock({ path: lock, on: ref.name, signal: authority.signal }, async () => {
    const machine = await findMachine(ref);
    await passFence(fences, machine.name, authority.fence);
    authority.signal.throwIfAborted();
    return await command(machine);
  });
}

/**
 * Opens the control channel for one command. Checks the fence while the channel is open: from then
 * on no other client can act on this process.
 */
export async function control(machine: MachineDefinition, authority: Authority): Promise<Qmp> {
  const files = machineFiles(machine, machine.name);
  const qmp = await openQmp({ path: files.qmp, machine: machine.name, signal: authority.signal });
  try {
    await passFence(files.fences, machine.name, authority.fence);
    authority.signal.throwIfAborted();
    return qmp;
  } catch (error) {
    await qmp[Symbol.asyncDispose]();
    throw error;
  }
}

/** Waits for the guest's agent, and authorises only the lease's key. */
export async function admit(
  machine: MachineDefinition,
  admission: Admission,
  timeoutMs: number,
): Promise<void> {
  const files = machineFiles(machine, machine.name);
  try {
    await using agent = await openGuestAgent({
      path: files.agent,
      machine: machine.name,
      signal: admission.signal,
      timeoutMs,
    });
    await agent.authorize(USER, admission.authorize);
  } catch (error) {
    admission.signal.throwIfAborted();
    const unresponsive = await explainUnresponsiveGuest(machine);
    if (unresponsive.diskRefused) {
      throw new VmrigError("STATE_UNWRITABLE", {
        message: `${machine.name} is suspended: the disk of this computer rejected its writes.`,
        details: unresponsive.lines,
        hint: `free space on the disk of ${files.disk} and run again`,
        cause: error,
      });
    }
    const tail = (await readFile(files.console, "utf8").catch(() => ""))
      .trimEnd()
      .split("\n")
      .slice(-5);
    throw new VmrigError("MACHINE_UNREACHABLE", {
      message: firstLine(error),
      details: [
        `accelerator: ${machine.accelerator}`,
        ...unresponsive.lines,
        "last lines of its console:",
        ...tail.map((line) => `  ${line.trimEnd()}`),
      ],
      hint:
        machine.accelerator === "kvm"
          ? `if the console stops at "Booting from ROM", KVM does not work here: set accel: "tcg"`
          : `the full console is in ${files.console}`,
      cause: error,
    });
  }
}
