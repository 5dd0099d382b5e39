import type { Admission } from "vmrig/driver";
import { openControl, type LockedMachine } from "../locked-machine.ts";
import { reportEmulation } from "../process/emulation-notice.ts";
import { currentPlatform } from "../process/platform.ts";
import { startProcess, stopProcess } from "../process/qemu-process.ts";
import { reasonToRestart } from "../process/reason-to-restart.ts";
import { authorizeKey, BOOT_MS } from "./authorize-key.ts";

/**
 * Waits for the first boot of a new machine, and authorises the key. Starts QEMU again if its start
 * was interrupted, or its process is unusable.
 */
export async function bootMachine(machine: LockedMachine<Admission>): Promise<void> {
  const { accelerator } = machine.definition;
  if ((await reasonToRestart(machine, await currentPlatform(machine.definition))) === undefined) {
    // An interrupted capture leaves the machine stopped.
    await using qmp = await openControl(machine);
    await qmp.execute("cont");
  } else {
    await stopProcess(machine);
    await startProcess(machine);
  }
  if (accelerator === "tcg") await reportEmulation(machine);
  await authorizeKey(machine, BOOT_MS[accelerator]);
}
