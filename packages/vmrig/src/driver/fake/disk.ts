import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { SnapshotName } from "../driver.ts";
import { explainWriteErrors } from "../../local-files/explain-write-errors.ts";
import { copyTree } from "./copy-tree.ts";
import type { MachineFiles } from "./machine-files.ts";

/** Creates an empty disk: a home, and a folder for temporary files. */
export async function makeDisk(files: MachineFiles): Promise<void> {
  await mkdir(files.home, { recursive: true });
  await mkdir(join(files.disk, "tmp"));
  await mkdir(files.snapshots);
}

/**
 * Lists the snapshots of a machine. A machine without one counts as never used, so a folder that
 * cannot be read is an error.
 */
export async function listSnapshots(files: MachineFiles): Promise<SnapshotName[]> {
  return await readdir(files.snapshots).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

/** Copies the disk to a snapshot, which is listed only when it is complete. */
export async function saveDisk(files: MachineFiles, name: SnapshotName): Promise<void> {
  if (!/^[\w.-]*\w$/.test(name))
    throw new VmrigError("INTERNAL", {
      message: `${JSON.stringify(name)} is not a valid snapshot name.`,
    });
  await replaceByCopy(files, files.disk, join(files.snapshots, name));
  await explainWriteErrors(files.captured, () => writeFile(files.captured, ""));
}

export async function dropDisk(files: MachineFiles, name: SnapshotName): Promise<void> {
  const others = (await listSnapshots(files)).filter((other) => other !== name);
  if (others.length === 0) await remove(files.captured);
  await remove(join(files.snapshots, name));
}

/** @throws VmrigError `ROLLBACK_FAILED` with the existing snapshots */
export async function requireSnapshot(
  files: MachineFiles,
  machine: string,
  name: SnapshotName,
): Promise<void> {
  const existing = await listSnapshots(files);
  if (existing.includes(name)) return;
  throw new VmrigError("ROLLBACK_FAILED", {
    message: `${machine} has no snapshot ${name}.`,
    details: [`it has: ${existing.join(", ") || "none"}`],
  });
}

export async function loadDisk(files: MachineFiles, name: SnapshotName): Promise<void> {
  await replaceByCopy(files, join(files.snapshots, name), files.disk);
}

/**
 * Copies to a temporary folder and renames it, so that the target is complete whenever the process
 * ends.
 *
 * @throws VmrigError `STATE_UNWRITABLE` when the disk is full
 */
async function replaceByCopy(files: MachineFiles, from: string, to: string): Promise<void> {
  const [fresh, old] = [join(files.folder, "new"), join(files.folder, "old")];
  await Promise.all([fresh, old].map(remove));
  await explainWriteErrors(to, async () => {
    try {
      await copyTree(from, fresh);
    } catch (error) {
      // An incomplete copy would only occupy the space that is missing.
      await remove(fresh).catch(() => {});
      throw error;
    }
    await rename(to, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await rename(fresh, to);
  });
  await remove(old);
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
