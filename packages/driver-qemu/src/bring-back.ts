import { isVmrigError, passFence, VmrigError, type Authority, type SnapshotName } from "vmrig/driver";
import { platformOf } from "./command-line.ts";
import { control } from "./control.ts";
import { firstLine } from "./first-line.ts";
import { lanPid } from "./lan.ts";
import { machineFiles, type MachineDefinition, type QemuRun } from "./machine-files.ts";
import { findQemu } from "./qemu-binary.ts";
import { findProcess, startProcess, stopProcess } from "./qemu-process.ts";
import { loadSnapshot, revertDisk } from "./snapshots.ts";

/**
 * Loads a snapshot: in the running process where that works, else in a new one. A snapshot of another platform gives back its disk alone.
 *
 * @param taken the platform that the snapshot was taken on
 * @returns whether the machine boots from cold
 */
export async function bringBack(machine: MachineDefinition, snapshot: SnapshotName, taken: string, authority: Authority): Promise<boolean> {
  const say = authority.say ?? (() => {});
  const platform = platformOf(await findQemu(machine.cacheFolder), machine.accelerator);
  const run = await findProcess(machine);
  const reason = await reasonToRestart(machine, run, platform);
  if (reason === undefined && taken === platform) {
    try {
      await using qmp = await control(machine, authority);
      await qmp.execute("stop");
      await loadSnapshot(qmp, snapshot);
      await qmp.execute("cont");
      return false;
    } catch (error) {
      authority.signal.throwIfAborted();
      if (isVmrigError(error) && error.code === "FENCED") throw error;
      say(`heal     ${machine.name} did not take its snapshot in place (${firstLine(error)}); starting it again from there`);
    }
  } else if (reason !== undefined) {
    say(`heal     ${machine.name}: ${reason}; starting it again from its snapshot`);
  }
  await assertSameProcess(machine, run, authority);
  await stopProcess(machine);
  if (taken === platform) {
    await startProcess(machine, snapshot);
    return false;
  }
  say(`heal     ${machine.name}: its snapshot is of another platform (${taken}, now ${platform}); booting from its disk`);
  await revertDisk(machine, snapshot);
  await startProcess(machine);
  return true;
}

/**
 * Behind us somebody may have taken the lease and healed the machine, while this process was paused or waited for the control channel. What
 * runs now may then be theirs.
 */
async function assertSameProcess(machine: MachineDefinition, seen: QemuRun | undefined, { fence, signal }: Authority): Promise<void> {
  await passFence(machineFiles(machine, machine.name).fences, machine.name, fence);
  signal.throwIfAborted();
  const now = await findProcess(machine);
  if (now === undefined || now.pid === seen?.pid) return;
  throw new VmrigError("FENCED", { message: `Somebody else started ${machine.name} anew (pid ${now.pid}) while this run wanted to.` });
}

async function reasonToRestart(machine: MachineDefinition, run: QemuRun | undefined, platform: string): Promise<string | undefined> {
  if (run === undefined) return "its QEMU process is gone";
  if (run.platform !== platform) return `QEMU changed (${run.platform}, now ${platform})`;
  if (run.lanPid !== (await lanPid(machine.runtimeFolder))) return "the switch of its private network is gone";
  return undefined;
}
