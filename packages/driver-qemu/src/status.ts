import { access, readFile } from "node:fs/promises";
import type { CopySpec, MachineStatus } from "vmrig/driver";
import { machineDefinition, machineFiles, readJson } from "./machine-files.ts";
import { findProcess } from "./process/qemu-process.ts";
import { listSnapshots } from "./snapshot/snapshots.ts";

/**
 * Returns the actual state of one machine from its files and its process. Does not query QEMU,
 * which serves one client at a time.
 */
export async function machineStatus(copy: CopySpec, name: string): Promise<MachineStatus> {
  const files = machineFiles(copy, name);
  const machine = await readJson(files.definition, machineDefinition);
  if (machine === undefined) return { name, power: "absent", snapshots: [] };
  const [run, snapshots, hostKey, parked, unlinked] = await Promise.all([
    findProcess(machine),
    listSnapshots(machine),
    readFile(files.hostKey, "utf8").catch(() => undefined),
    exists(files.parked),
    exists(files.unlinked),
  ]);
  return {
    name,
    power: run === undefined ? "off" : parked ? "paused" : "running",
    ...(run && { address: { host: "127.0.0.1", port: run.sshPort } }),
    ...(hostKey !== undefined && { hostKey: hostKey.trim() }),
    owner: machine.owner,
    snapshots,
    ...(unlinked && { disconnected: true }),
    location:
      run === undefined ? `${files.folder}, not running` : `pid ${run.pid}, ${files.folder}`,
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
