import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { VmrigError, type SnapshotName } from "vmrig/driver";
import { z } from "zod";
import { freeSpace } from "../disk-space.ts";
import { firstLine } from "../first-line.ts";
import { machineFiles, readJson, writeJson, type MachineDefinition } from "../machine-files.ts";
import { requireProgram } from "../process/qemu-binary.ts";
import type { Qmp } from "../qmp/qmp.ts";
import { runProgram } from "../process/run-program.ts";

/**
 * A snapshot is RAM, devices and disk at one moment, inside the machine's qcow2 file. A note beside
 * the file records the platform.
 */
const note = z.object({ platform: z.string() });

function notePath(machine: MachineDefinition, name: SnapshotName): string {
  return join(machineFiles(machine, machine.name).snapshots, `${name}.json`);
}

export async function listSnapshots(machine: MachineDefinition): Promise<SnapshotName[]> {
  const files = await readdir(machineFiles(machine, machine.name).snapshots).catch(() => []);
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length));
}

/** Returns the platform of a snapshot; the snapshot loads on no other platform. */
export async function snapshotPlatform(
  machine: MachineDefinition,
  name: SnapshotName,
): Promise<string | undefined> {
  return (await readJson(notePath(machine, name), note))?.platform;
}

const DISK = { vmstate: "disk", devices: ["disk"] } as const;

/**
 * Takes a snapshot of a stopped machine. Deletes the note first and writes it last, so that an
 * incomplete snapshot is never listed.
 */
export async function saveSnapshot(
  qmp: Qmp,
  machine: MachineDefinition,
  name: SnapshotName,
  platform: string,
): Promise<void> {
  await rm(notePath(machine, name), { force: true });
  await qmp.job("snapshot-delete", { tag: name, devices: DISK.devices });
  try {
    await qmp.job("snapshot-save", { tag: name, ...DISK });
  } catch (cause) {
    throw await saveError(qmp, machine, name, cause);
  }
  await writeJson(notePath(machine, name), { platform });
  await dropOldBaselines(qmp, machine);
}

/** Deletes an incomplete snapshot, which would occupy the missing space, and returns its error. */
async function saveError(
  qmp: Qmp,
  machine: MachineDefinition,
  name: SnapshotName,
  cause: unknown,
): Promise<unknown> {
  await qmp.job("snapshot-delete", { tag: name, devices: DISK.devices }).catch(() => {});
  const { little, line } = await freeSpace(machineFiles(machine, machine.name).disk);
  const words = firstLine(cause);
  // QEMU reports errno in the words of strerror(3). Deleting the incomplete snapshot may already
  // have freed space.
  const full = little || /No space left on device|Disk quota exceeded/.test(words);
  return new VmrigError(full ? "STATE_UNWRITABLE" : "QEMU_FAILED", {
    message: `The snapshot ${name} of ${machine.name} was not taken${full ? ": the disk has no space for it" : ""}.`,
    details: [words, line],
    hint: full
      ? "free space on this disk and run again: a snapshot takes a few hundred megabytes"
      : "run again",
    cause,
  });
}

/**
 * Number of retained baselines. Each takes a few hundred megabytes. Two alternating branches keep
 * theirs; older baselines would only fill the disk.
 */
const BASELINES_KEPT = 3;

async function dropOldBaselines(qmp: Qmp, machine: MachineDefinition): Promise<void> {
  const baselines = (await listSnapshots(machine)).filter((name) => name.startsWith("baseline-"));
  const dated = await Promise.all(
    baselines.map(async (name) => ({ name, taken: (await stat(notePath(machine, name))).mtimeMs })),
  );
  for (const { name } of dated.toSorted((a, b) => b.taken - a.taken).slice(BASELINES_KEPT)) {
    await rm(notePath(machine, name));
    await qmp.job("snapshot-delete", { tag: name, devices: DISK.devices });
  }
}

/**
 * Deletes a snapshot, through the running process if there is one. Deletes the note first, so that
 * an incomplete snapshot is never listed.
 */
export async function dropSnapshot(
  qmp: Qmp | undefined,
  machine: MachineDefinition,
  name: SnapshotName,
): Promise<void> {
  const path = notePath(machine, name);
  if ((await readJson(path, note)) === undefined) return;
  await rm(path, { force: true });
  if (qmp !== undefined) await qmp.job("snapshot-delete", { tag: name, devices: DISK.devices });
  else
    await runProgram(requireProgram("qemu-img", "apt-get install qemu-utils"), [
      "snapshot",
      "-d",
      name,
      machineFiles(machine, machine.name).disk,
    ]);
}

export async function loadSnapshot(qmp: Qmp, name: SnapshotName): Promise<void> {
  await qmp.job("snapshot-load", { tag: name, ...DISK });
}

/**
 * Restores only the disk while QEMU is not running, for a snapshot whose RAM this platform cannot
 * load.
 */
export async function revertDisk(machine: MachineDefinition, name: SnapshotName): Promise<void> {
  await runProgram(requireProgram("qemu-img", "apt-get install qemu-utils"), [
    "snapshot",
    "-a",
    name,
    machineFiles(machine, machine.name).disk,
  ]);
}
