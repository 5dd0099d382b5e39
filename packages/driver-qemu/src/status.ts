import { readFile } from "node:fs/promises";
import type { CopySpec, MachineStatus } from "vmrig/driver";
import { fileExists } from "./file-exists.ts";
import { findMachine } from "./machine-context.ts";
import { listSnapshots } from "./snapshot/snapshot-records.ts";

/**
 * Returns the actual state of one machine from its files and its process. Does not query QEMU,
 * which serves one client at a time.
 */
export async function machineStatus(copy: CopySpec, name: string): Promise<MachineStatus> {
  const machine = await findMachine(copy, name);
  if (machine === undefined) return { name, power: "absent", snapshots: [] };
  const { files, process: run } = machine;
  const [snapshots, hostKey, parked, unlinked] = await Promise.all([
    listSnapshots(files),
    readFile(files.hostKey, "utf8").catch(() => undefined),
    fileExists(files.parked),
    fileExists(files.unlinked),
  ]);
  return {
    name,
    power: run === undefined ? "off" : parked ? "paused" : "running",
    ...(run && { address: { host: "127.0.0.1", port: run.sshPort } }),
    ...(hostKey !== undefined && { hostKey: hostKey.trim() }),
    owner: machine.definition.owner,
    snapshots,
    ...(unlinked && { disconnected: true }),
    location:
      run === undefined ? `${files.folder}, not running` : `pid ${run.pid}, ${files.folder}`,
  };
}
