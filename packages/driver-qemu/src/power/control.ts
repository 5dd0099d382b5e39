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

/** The user that tests log in as; the image has it. */
const USER = "vmrig";

/** A cold boot takes a minute when it is emulated on a quiet computer, 5 s on hardware. */
export const BOOT_MS: Readonly<Record<Accelerator, number>> = { tcg: 300_000, kvm: 60_000 };

/**
 * Has a deed done on a machine while nobody else acts on it, whatever their fence: from the check
 * of the fence to the end of the deed. Whoever was slower looks again when it is their turn, and
 * finds the larger fence.
 *
 * @throws VmrigError `MACHINE_MISSING`, `FENCED`; the signal's reason
 */
export async function acting<T>(
  ref: MachineRef,
  authority: Authority,
  deed: (machine: MachineDefinition) => Promise<T>,
): Promise<T> {
  const { turn, fences } = machineFiles(ref.copy, ref.name);
  return await withFileLock({ path: turn, on: ref.name, signal: authority.signal }, async () => {
    const machine = await findMachine(ref);
    await passFence(fences, machine.name, authority.fence);
    authority.signal.throwIfAborted();
    return await deed(machine);
  });
}

/**
 * Opens the control channel for one deed. The fence is checked while it is open: from then on
 * nobody else can act on this process.
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

/** Waits for the guest's agent, and lets in the one key. */
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
    const silence = await explainUnresponsiveGuest(machine);
    if (silence.diskRefused) {
      throw new VmrigError("STATE_UNWRITABLE", {
        message: `${machine.name} stands still: this computer's disk did not take what it wrote.`,
        details: silence.lines,
        hint: `make room on the disk of ${files.disk}, and run again`,
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
        ...silence.lines,
        "last lines of its console:",
        ...tail.map((line) => `  ${line.trimEnd()}`),
      ],
      hint:
        machine.accelerator === "kvm"
          ? `if the console stops at "Booting from ROM", KVM does not work here: set accel: "tcg"`
          : `see all of its console in ${files.console}`,
      cause: error,
    });
  }
}
