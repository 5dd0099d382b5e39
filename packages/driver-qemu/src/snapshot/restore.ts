import { access } from "node:fs/promises";
import { isVmrigError, VmrigError, type Admission, type SnapshotName } from "vmrig/driver";
import { platformOf } from "../process/command-line.ts";
import { boundConsole, markConsole } from "../console-log.ts";
import { admit, BOOT_MS, control } from "../power/control.ts";
import { firstLine } from "../first-line.ts";
import { lanPid } from "../network/lan.ts";
import { machineFiles, type MachineDefinition, type QemuRun } from "../machine-files.ts";
import { findQemu } from "../process/qemu-binary.ts";
import { findProcess, startProcess, stopProcess } from "../process/qemu-process.ts";
import { explainUnresponsiveGuest } from "../power/unresponsive-guest.ts";
import { setLink } from "../network/link.ts";
import { loadSnapshot, revertDisk } from "./snapshots.ts";

const ADMIT_MS = 30_000;

/**
 * Loads a snapshot and authorises the key: in the running process if possible, otherwise in a new
 * one. Of a snapshot from another platform, restores only the disk. The caller must hold the
 * machine's file lock.
 *
 * @param taken The platform of the snapshot.
 */
export async function restoreMachine(
  machine: MachineDefinition,
  snapshot: SnapshotName,
  taken: string,
  admission: Admission,
): Promise<void> {
  const say = admission.say ?? (() => {});
  const platform = platformOf(await findQemu(machine.cacheFolder), machine.accelerator);
  const reason = await reasonToRestart(machine, await findProcess(machine), platform);
  let first: unknown;
  const { switchedOff } = machineFiles(machine, machine.name);
  if (reason !== undefined) {
    // The machine was switched off deliberately: starting it is no recovery.
    if (!(await exists(switchedOff)))
      say(`heal     ${machine.name}: ${reason}; starting it again from its snapshot`);
  } else if (taken === platform) {
    try {
      await loadInPlace(machine, snapshot, admission);
      return;
    } catch (error) {
      admission.signal.throwIfAborted();
      if (isVmrigError(error) && error.code === "FENCED") throw error;
      // A new process would write to the same full disk; this one continues at the next load, once
      // there is free space.
      if ((await explainUnresponsiveGuest(machine)).diskRefused) throw error;
      say(
        `heal     ${machine.name} could not load its snapshot in place (${firstLine(error)}); restarting it from the snapshot`,
      );
      first = error;
    }
  }
  try {
    await restart(
      machine,
      snapshot,
      taken === platform ? undefined : { taken, platform },
      admission,
    );
  } catch (error) {
    admission.signal.throwIfAborted();
    if (first === undefined || !isVmrigError(error)) throw error;
    throw new VmrigError(error.code, {
      message: error.summary,
      details: [...error.details, "it was restarted after this error:", `  ${firstLine(first)}`],
      ...(error.hint !== undefined && { hint: error.hint }),
      cause: first,
    });
  }
}

async function loadInPlace(
  machine: MachineDefinition,
  snapshot: SnapshotName,
  admission: Admission,
): Promise<void> {
  const { console } = machineFiles(machine, machine.name);
  await boundConsole(console);
  {
    await using qmp = await control(machine, admission);
    await qmp.execute("stop");
    await loadSnapshot(qmp, snapshot);
    await setLink(qmp, machine, "connect");
    await markConsole(console, machine.name, snapshot);
    await qmp.execute("cont");
  }
  await admit(machine, admission, ADMIT_MS);
}

async function restart(
  machine: MachineDefinition,
  snapshot: SnapshotName,
  foreign: { readonly taken: string; readonly platform: string } | undefined,
  admission: Admission,
): Promise<void> {
  await stopProcess(machine);
  await markConsole(machineFiles(machine, machine.name).console, machine.name, snapshot);
  if (foreign === undefined) {
    await startProcess(machine, snapshot);
    await admit(machine, admission, ADMIT_MS);
    return;
  }
  const { taken, platform } = foreign;
  admission.say?.(
    `heal     ${machine.name}: its snapshot is of another platform (${taken}, now ${platform}); booting from its disk`,
  );
  await revertDisk(machine, snapshot);
  await startProcess(machine);
  await admit(machine, admission, BOOT_MS[machine.accelerator]);
}

/** Returns a problem that a load into the running process cannot fix, if any. */
export async function reasonToRestart(
  machine: MachineDefinition,
  run: QemuRun | undefined,
  platform: string,
): Promise<string | undefined> {
  if (run === undefined) return "its QEMU process is gone";
  if (run.platform !== platform) return `QEMU changed (${run.platform}, now ${platform})`;
  if (run.lanPid !== (await lanPid(machine))) return "the switch of its private network is gone";
  const { qmp, agent } = machineFiles(machine, machine.name);
  // Cleaners of temporary folders delete socket files; without its file, no client can connect to a
  // socket.
  for (const socket of [qmp, agent])
    if (!(await exists(socket))) return `its socket ${socket} is gone`;
  return undefined;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
