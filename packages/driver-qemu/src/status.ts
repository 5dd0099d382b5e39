import { readFile } from "node:fs/promises";
import type { CopySpec, MachineStatus, VmrigError } from "vmrig/driver";
import { fileExists } from "./file-exists.ts";
import { resolveRemains, runningPid } from "./machine-context.ts";
import { readDefinition } from "./machine-files.ts";
import { listSnapshots } from "./snapshot/snapshot-records.ts";

/**
 * Returns the actual state of one machine from its files and its process. Does not query QEMU,
 * which serves one client at a time.
 */
export async function machineStatus(copy: CopySpec, name: string): Promise<MachineStatus> {
  const machine = await resolveRemains(copy, name);
  const { files, process: run } = machine;
  const [record, snapshots] = await Promise.all([
    readDefinition(files, name).catch((error: VmrigError) => error.details.join(" ")),
    listSnapshots(files).catch((error: Error) => error.message),
  ]);
  if (record === undefined && !(await fileExists(files.folder)))
    return { name, power: "absent", snapshots: [] };
  const [pid, hostKey, parked, unlinked] = await Promise.all([
    runningPid(machine),
    readFile(files.hostKey, "utf8").catch(() => undefined),
    fileExists(files.parked),
    fileExists(files.unlinked),
  ]);
  const lost =
    record !== undefined && snapshots.length === 0 && (await fileExists(files.captured))
      ? `${files.snapshots}: the snapshots are gone`
      : undefined;
  const unreadable = [record, snapshots, lost].find((outcome) => typeof outcome === "string");
  return {
    name,
    power: pid === undefined ? "off" : parked ? "paused" : "running",
    ...(run && { address: { host: "127.0.0.1", port: run.sshPort } }),
    ...(hostKey !== undefined && { hostKey: hostKey.trim() }),
    ...(typeof record === "object" && { owner: record.owner }),
    ...(typeof record === "object" && record.origin && { origin: record.origin }),
    ...(record === undefined && { incomplete: true }),
    ...(unreadable !== undefined && { unreadable }),
    snapshots: typeof snapshots === "string" ? [] : snapshots,
    ...(unlinked && { disconnected: true }),
    location: pid === undefined ? `${files.folder}, not running` : `pid ${pid}, ${files.folder}`,
  };
}
