import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { SnapshotName } from "vmrig/driver";
import { z } from "zod";
import { readJson, writeJson, type MachineFiles } from "../machine-files.ts";

/**
 * A snapshot is RAM, devices and disk at one moment, inside the machine's qcow2 file. A record
 * beside that file has the platform of the capture. A snapshot without a record is incomplete, and
 * not listed.
 */
const snapshotRecord = z.object({ platform: z.string() });

function recordPath({ snapshots }: MachineFiles, name: SnapshotName): string {
  return join(snapshots, `${name}.json`);
}

/**
 * Lists the snapshots of a machine. A machine without one counts as never used, so a folder that
 * cannot be read is an error.
 */
export async function listSnapshots({ snapshots }: MachineFiles): Promise<SnapshotName[]> {
  const entries = await readdir(snapshots).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.endsWith(".json"))
    .map((entry) => entry.slice(0, -".json".length));
}

/** Returns the baselines of a machine, newest first. */
export async function baselinesByAge(files: MachineFiles): Promise<SnapshotName[]> {
  const baselines = (await listSnapshots(files)).filter((name) => name.startsWith("baseline-"));
  const dated = await Promise.all(
    baselines.map(async (name) => ({
      name,
      capturedAt: (await stat(recordPath(files, name))).mtimeMs,
    })),
  );
  return dated.toSorted((a, b) => b.capturedAt - a.capturedAt).map(({ name }) => name);
}

/** Returns the platform of a snapshot; the snapshot loads on no other platform. */
export async function snapshotPlatform(
  files: MachineFiles,
  name: SnapshotName,
): Promise<string | undefined> {
  return (await readJson(recordPath(files, name), snapshotRecord))?.platform;
}

export async function writeRecord(
  files: MachineFiles,
  { name, platform }: { readonly name: SnapshotName; readonly platform: string },
): Promise<void> {
  await writeJson(recordPath(files, name), { platform });
}

export async function removeRecord(files: MachineFiles, name: SnapshotName): Promise<void> {
  await rm(recordPath(files, name), { force: true });
}
