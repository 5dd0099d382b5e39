import { VmrigError, type SnapshotName } from "vmrig/driver";
import { freeSpace } from "../disk-space.ts";
import { firstLine } from "../first-line.ts";
import { openControl, type LockedMachine } from "../locked-machine.ts";
import type { MachineContext } from "../machine-context.ts";
import { setMarker } from "../marker-file.ts";
import { removeFiles } from "../remove-files.ts";
import { runQemuImg } from "../process/qemu-img.ts";
import type { Qmp } from "../qmp/qmp.ts";
import {
  baselinesByAge,
  listSnapshots,
  removeRecord,
  snapshotPlatform,
  writeRecord,
} from "./snapshot-records.ts";

/** Number of retained baselines. Two alternating branches keep theirs. */
const RETAINED_BASELINES = 3;

const DISK = { vmstate: "disk", devices: ["disk"] } as const;

export interface Capture {
  readonly machine: MachineContext;
  readonly qmp: Qmp;
  readonly name: SnapshotName;
  /** Platform of the running process. */
  readonly platform: string;
}

/**
 * Takes a snapshot of a stopped machine. Removes the record first and writes it last, so that an
 * incomplete snapshot is never listed.
 */
export async function saveSnapshot(capture: Capture): Promise<void> {
  const { machine, qmp, name, platform } = capture;
  await removeRecord(machine.files, name);
  await deleteSnapshot(qmp, name);
  try {
    await qmp.job("snapshot-save", { tag: name, ...DISK });
  } catch (cause) {
    // An incomplete snapshot would occupy the missing space.
    await deleteSnapshot(qmp, name).catch(() => {});
    throw await saveError(capture, cause);
  }
  await writeRecord(machine.files, { name, platform });
  await setMarker(machine.files.captured);
  // Each snapshot takes a few hundred megabytes: older baselines would only fill the disk.
  for (const old of (await baselinesByAge(machine.files)).slice(RETAINED_BASELINES)) {
    await removeRecord(machine.files, old);
    await deleteSnapshot(qmp, old);
  }
}

async function saveError({ machine, name }: Capture, cause: unknown): Promise<VmrigError> {
  const { low, line } = await freeSpace(machine.files.disk);
  const reason = firstLine(cause);
  // QEMU reports errno in the words of strerror(3). Deleting the incomplete snapshot may already
  // have freed space.
  const full = low || /No space left on device|Disk quota exceeded/.test(reason);
  return new VmrigError(full ? "STATE_UNWRITABLE" : "QEMU_FAILED", {
    message: `The snapshot ${name} of ${machine.name} was not taken${full ? ": the disk has no space for it" : ""}.`,
    details: [reason, line],
    hint: full
      ? "free space on this disk and run again: a snapshot takes a few hundred megabytes"
      : "run again",
    cause,
  });
}

/** Loads a snapshot into the running process of a stopped machine. */
export async function loadSnapshot(qmp: Qmp, name: SnapshotName): Promise<void> {
  await qmp.job("snapshot-load", { tag: name, ...DISK });
}

async function deleteSnapshot(qmp: Qmp, name: SnapshotName): Promise<void> {
  await qmp.job("snapshot-delete", { tag: name, devices: DISK.devices });
}

/**
 * Deletes a snapshot, through the running process if there is one. Removes the record first, so
 * that an incomplete snapshot is never listed.
 */
export async function dropSnapshot(machine: LockedMachine, name: SnapshotName): Promise<void> {
  const { files, process } = machine;
  if ((await snapshotPlatform(files, name)) === undefined) return;
  const forget = async (): Promise<void> => {
    const others = (await listSnapshots(files)).filter((other) => other !== name);
    if (others.length === 0) await removeFiles(files.captured);
    await removeRecord(files, name);
  };
  if (process === undefined) {
    await forget();
    await runQemuImg("snapshot", "-d", name, files.disk);
    return;
  }
  await using qmp = await openControl(machine);
  await forget();
  await deleteSnapshot(qmp, name);
}

/**
 * Restores only the disk while QEMU is not running, for a snapshot whose RAM this platform cannot
 * load.
 */
export async function revertDisk(machine: MachineContext, name: SnapshotName): Promise<void> {
  await runQemuImg("snapshot", "-a", name, machine.files.disk);
}
