import { mkdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  explainWriteErrors,
  processIdentity,
  readMachineRecord,
  writeJsonAtomically,
  type CopySpec,
} from "vmrig/driver";
import { z } from "zod";
import { imageManifest } from "./image/manifest.ts";

/**
 * Paths of one machine's files: persistent files in the copy's folder, sockets in its runtime
 * folder.
 */
export interface MachineFiles {
  readonly folder: string;
  /** Exists once the machine is complete: it is put in place last. */
  readonly definition: string;
  /** The definition until then. */
  readonly creating: string;
  readonly disk: string;
  readonly console: string;
  /**
   * Pid file of QEMU. Its path identifies the process: no other process has it on its command line.
   */
  readonly pidFile: string;
  /** {@link QemuProcess} of the last start. */
  readonly process: string;
  /** Exists while the machine is parked. */
  readonly parked: string;
  /** Exists while the machine is deliberately off. */
  readonly switchedOff: string;
  /** Exists while the link to the LAN is disconnected. */
  readonly unlinked: string;
  readonly fences: string;
  readonly snapshots: string;
  /** Exists once a snapshot was taken: a machine with this file and no snapshot has lost them. */
  readonly captured: string;
  readonly credentials: string;
  readonly hostKey: string;
  readonly qmp: string;
  readonly agent: string;
  /** Socket of QEMU's GDB stub, while vmrig writes to the guest's RAM. */
  readonly gdb: string;
  /**
   * File lock of the machine. Lies outside of the machine's folder, because creating and removing
   * that folder need the lock too.
   */
  readonly lock: string;
}

/** Folders of one copy on this computer. */
export type CopyFolders = Pick<CopySpec, "folder" | "runtimeFolder">;

export function machinesFolder(copy: Pick<CopyFolders, "folder">): string {
  return join(copy.folder, "machines");
}

/** Names the machines of a copy's folder, for the error of a claim. */
export function machinesOf(folder: string): string {
  return `the machines of ${basename(folder)}`;
}

export function machineFiles(copy: CopyFolders, machine: string): MachineFiles {
  const folder = join(machinesFolder(copy), machine);
  return {
    folder,
    definition: join(folder, "machine.json"),
    creating: join(folder, "creating.json"),
    disk: join(folder, "disk.qcow2"),
    console: join(folder, "console.log"),
    pidFile: join(folder, "qemu.pid"),
    process: join(folder, "process.json"),
    parked: join(folder, "parked"),
    switchedOff: join(folder, "switched-off"),
    unlinked: join(folder, "unlinked"),
    fences: join(folder, "fences"),
    snapshots: join(folder, "snapshots"),
    captured: join(folder, "captured"),
    credentials: join(folder, "credentials"),
    hostKey: join(folder, "host-key.pub"),
    qmp: join(copy.runtimeFolder, `${machine}.qmp`),
    agent: join(copy.runtimeFolder, `${machine}.agent`),
    gdb: join(copy.runtimeFolder, `${machine}.gdb`),
    lock: join(copy.folder, `${machine}.lock`),
  };
}

/**
 * Definition of a machine, written at its creation. Also the input of the Terraform steps, there
 * without an origin.
 */
export const machineDefinition = z.object({
  rig: z.string(),
  copy: z.string(),
  name: z.string(),
  folder: z.string(),
  runtimeFolder: z.string(),
  cacheFolder: z.string(),
  owner: z.string(),
  cpus: z.number(),
  memoryMb: z.number(),
  diskGb: z.number(),
  lanAddress: z.string(),
  /** Index among the copy's machines, from 0; determines its hardware addresses. */
  index: z.number(),
  accelerator: z.enum(["kvm", "tcg"]),
  /** The image in the cache from which the machine is created. */
  imageFrom: imageManifest,
  /**
   * The copy's own image: a disk is useless without its backing image, and caches get emptied.
   */
  image: imageManifest,
  /** What the create step received. The only part that changes: when a machine is taken over. */
  origin: z.object({ resource: z.string(), values: z.string() }).optional(),
});
export type MachineDefinition = z.infer<typeof machineDefinition>;

/** A QEMU process of a machine, recorded when it started. */
export const qemuProcess = z.object({
  ...processIdentity.shape,
  /** Port on 127.0.0.1 that leads to the guest's port 22. */
  sshPort: z.number(),
  platform: z.string(),
  /** Pid of the LAN's switch to which the machine is connected. */
  lanPid: z.number(),
  /** Its start time: a later switch may get the same pid. */
  lanStartTime: z.string(),
});
export type QemuProcess = z.infer<typeof qemuProcess>;

/** @throws VmrigError `STATE_LOST` if the record cannot be read */
export async function readDefinition(
  { definition }: Pick<MachineFiles, "definition">,
  name: string,
): Promise<MachineDefinition | undefined> {
  const parse = (text: string): MachineDefinition => {
    const { error, data } = machineDefinition.safeParse(JSON.parse(text));
    if (error !== undefined) throw new TypeError(z.prettifyError(error));
    return data;
  };
  return await readMachineRecord({ path: definition, name, parse });
}

/** Reads a JSON file. Returns undefined for a missing or half-written one. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

/**
 * Writes a JSON file, and creates its folder.
 *
 * @throws VmrigError `STATE_UNWRITABLE` if the disk rejects it; the old file stays
 */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await explainWriteErrors(path, () => mkdir(dirname(path), { recursive: true, mode: 0o700 }));
  await writeJsonAtomically(path, value);
}
