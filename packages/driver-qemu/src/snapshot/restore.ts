import { isVmrigError, VmrigError, type Admission, type SnapshotName } from "vmrig/driver";
import { trimConsole, writeRestoredLine } from "../console-log.ts";
import { fileExists } from "../file-exists.ts";
import { firstLine } from "../first-line.ts";
import { openControl, type LockedMachine } from "../locked-machine.ts";
import { setLink } from "../network/link.ts";
import { admitRestored, authorizeKey, BOOT_MS } from "../power/authorize-key.ts";
import { explainUnresponsiveGuest } from "../power/unresponsive-guest.ts";
import { currentPlatform } from "../process/platform.ts";
import { startProcess, stopProcess } from "../process/qemu-process.ts";
import { reasonToRestart } from "../process/reason-to-restart.ts";
import { removeFiles } from "../remove-files.ts";
import { renewGenerationId } from "./generation-id.ts";
import { listSnapshots, snapshotPlatform } from "./snapshot-records.ts";
import { loadSnapshot, revertDisk } from "./snapshots.ts";

/** Time for the agent of a restored guest to answer. */
const RESTORED_MS = 30_000;

/** A restore of one machine. */
interface Restore {
  readonly machine: LockedMachine<Admission>;
  readonly snapshot: SnapshotName;
  /** Platform of the snapshot. */
  readonly captured: string;
  /** Platform of a new process. */
  readonly platform: string;
}

/**
 * Restores a machine to a snapshot and authorises the key: in the running process if possible,
 * otherwise in a new one. Of a snapshot from another platform, restores only the disk.
 *
 * @throws VmrigError `ROLLBACK_FAILED` if there is no such snapshot
 */
export async function restoreMachine(
  machine: LockedMachine<Admission>,
  snapshot: SnapshotName,
): Promise<void> {
  const { files } = machine;
  const captured = await snapshotPlatform(files, snapshot);
  if (captured === undefined) {
    throw new VmrigError("ROLLBACK_FAILED", {
      message: `${machine.name} has no snapshot ${snapshot}.`,
      details: [`available: ${(await listSnapshots(files)).join(", ") || "none"}`],
    });
  }
  const platform = await currentPlatform(machine.definition);
  const restore: Restore = { machine, snapshot, captured, platform };
  const attempt = await tryRunningProcess(restore);
  if (!attempt.restored) await restart(restore, attempt.loadError);
  await removeFiles(files.parked, files.switchedOff, files.unlinked);
}

type Attempt =
  | { readonly restored: true }
  /** The machine needs a new process. */
  | { readonly restored: false; readonly loadError?: unknown };

/** Loads the snapshot into the running process, unless that cannot work. */
async function tryRunningProcess(restore: Restore): Promise<Attempt> {
  const { machine, captured, platform } = restore;
  const { name, files, authority } = machine;
  const reason = await reasonToRestart(machine, platform);
  if (reason !== undefined) {
    // The machine was switched off deliberately: starting it is no recovery.
    if (!(await fileExists(files.switchedOff)))
      authority.say?.(`recover  ${name}: ${reason}; starting it again from its snapshot`);
    return { restored: false };
  }
  if (captured !== platform) return { restored: false };
  try {
    await loadInPlace(restore);
    return { restored: true };
  } catch (error) {
    authority.signal.throwIfAborted();
    if (isVmrigError(error) && error.code === "FENCED") throw error;
    // A new process would write to the same full disk; this one continues at the next load, once
    // there is free space.
    if ((await explainUnresponsiveGuest(machine)).diskRefused) throw error;
    authority.say?.(
      `recover  ${name} could not load its snapshot in place (${firstLine(error)}); restarting it from the snapshot`,
    );
    return { restored: false, loadError: error };
  }
}

async function loadInPlace({ machine, snapshot }: Restore): Promise<void> {
  const { files } = machine;
  await trimConsole(files.console);
  {
    await using qmp = await openControl(machine);
    await qmp.execute("stop");
    await loadSnapshot(qmp, snapshot);
    await renewGenerationId(qmp, machine);
    await setLink({ qmp, files, action: "connect" });
    await writeRestoredLine(machine, snapshot);
    await qmp.execute("cont");
  }
  await admitRestored(machine, RESTORED_MS);
}

/** Restores in a new process. The error of a failed restart includes the failed load before it. */
async function restart(restore: Restore, loadError: unknown): Promise<void> {
  const { machine, snapshot, captured, platform } = restore;
  try {
    await stopProcess(machine);
    await writeRestoredLine(machine, snapshot);
    if (captured !== platform) return await bootFromRevertedDisk(restore);
    await startProcess(machine, snapshot);
    await admitRestored(machine, RESTORED_MS);
  } catch (error) {
    machine.authority.signal.throwIfAborted();
    if (loadError === undefined || !isVmrigError(error)) throw error;
    throw new VmrigError(error.code, {
      message: error.summary,
      details: [...error.details, "this error led to the restart:", `  ${firstLine(loadError)}`],
      ...(error.hint !== undefined && { hint: error.hint }),
      cause: loadError,
    });
  }
}

/** Restores only the disk, and boots from it. */
async function bootFromRevertedDisk(restore: Restore): Promise<void> {
  const { machine, snapshot, captured, platform } = restore;
  machine.authority.say?.(
    `recover  ${machine.name}: its snapshot was taken on another platform (${captured}, now ${platform}); booting from its disk`,
  );
  await revertDisk(machine, snapshot);
  await startProcess(machine);
  await authorizeKey(machine, BOOT_MS[machine.definition.accelerator]);
}
