import type { Admission, Driver, PowerAction } from "vmrig/driver";
import { withMachine, type LockedMachine } from "../locked-machine.ts";
import { requireProcess } from "../machine-context.ts";
import { setMarker } from "../marker-file.ts";
import { startProcess, stopProcess } from "../process/qemu-process.ts";
import { sendSignal } from "../process/running-program.ts";
import { removeFiles } from "../remove-files.ts";
import { authorizeKey, BOOT_MS } from "./authorize-key.ts";
import { shutDown } from "./shut-down.ts";

type PowerCommand = (machine: LockedMachine<Admission>) => Promise<void>;

/**
 * Controls the power of a machine. The agent shuts the guest down, and QEMU exits with it. A reboot
 * is a shutdown and a boot in a new process, as after switching it off and on. So there is one way
 * to boot, and the old boot cannot be mistaken for the new one.
 */
export const power: NonNullable<Driver["power"]> = (ref, action, authority) =>
  withMachine({ ref, authority }, COMMANDS[action]);

const COMMANDS: Readonly<Record<PowerAction, PowerCommand>> = {
  async crash(machine) {
    await setMarker(machine.files.switchedOff);
    // SIGKILL: at SIGTERM QEMU would flush the disk.
    if (machine.process !== undefined) sendSignal(machine.process.pid, "SIGKILL");
    await stopProcess(machine);
  },
  async off(machine) {
    await shutDown(machine);
    await setMarker(machine.files.switchedOff);
  },
  async on(machine) {
    if (machine.process === undefined) await switchOn(machine);
  },
  async reboot(machine) {
    requireProcess(machine);
    await shutDown(machine);
    await switchOn(machine);
  },
};

async function switchOn(machine: LockedMachine<Admission>): Promise<void> {
  const { files, definition } = machine;
  await stopProcess(machine);
  // A new process has all its links connected.
  await removeFiles(files.unlinked, files.parked);
  await startProcess(machine);
  await authorizeKey(machine, BOOT_MS[definition.accelerator]);
  await removeFiles(files.switchedOff);
}
