import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { writeJsonAtomically } from "../../local-files/atomic-write.ts";
import type { CopySpec } from "../driver.ts";
import { readMachineRecord } from "../machine-record.ts";
import type { Origin } from "../origin.ts";

/** Paths of the files of one fake machine. A rollback rewinds `disk` and nothing else. */
export interface MachineFiles {
  readonly folder: string;
  /** Exists once the machine is complete: it is put in place last. */
  readonly definition: string;
  /** The definition until then. */
  readonly creating: string;
  readonly disk: string;
  /** The test user's home. */
  readonly home: string;
  /** Folder of the programs that come first on the machine's PATH. */
  readonly bin: string;
  readonly snapshots: string;
  /** Exists once a snapshot was taken: a machine with this file and no snapshot has lost them. */
  readonly captured: string;
  readonly fences: string;
  readonly hostKey: string;
  readonly hostPublicKey: string;
  /**
   * Exists while the machine is disconnected. The file has no other effect, because fake machines
   * share no network.
   */
  readonly unlinked: string;
  /** Output of the machine's process. */
  readonly log: string;
  /** The control channel, a unix socket. */
  readonly control: string;
  /** File lock for acting on the machine from outside of its process. */
  readonly lock: string;
}

export function machinesFolder(copy: Pick<CopySpec, "folder">): string {
  return join(copy.folder, "machines");
}

/** Names the machines of a copy's folder, for the error of a claim. */
export function machinesOf(folder: string): string {
  return `the machines of ${basename(folder)}`;
}

export function machineFiles(
  copy: Pick<CopySpec, "folder" | "runtimeFolder">,
  name: string,
): MachineFiles {
  const folder = join(machinesFolder(copy), name);
  const disk = join(folder, "disk");
  return {
    folder,
    definition: join(folder, "machine.json"),
    creating: join(folder, "creating.json"),
    disk,
    home: join(disk, "home", "vmrig"),
    bin: join(folder, "bin"),
    snapshots: join(folder, "snapshots"),
    captured: join(folder, "captured"),
    fences: join(folder, "fences"),
    hostKey: join(folder, "host-key"),
    hostPublicKey: join(folder, "host-key.pub"),
    unlinked: join(folder, "unlinked"),
    log: join(folder, "process.log"),
    control: join(copy.runtimeFolder, `${name}.control`),
    lock: join(copy.folder, `${name}.lock`),
  };
}

/**
 * Definition of a machine, written at its creation. Also the input of Terraform's steps, there
 * without an origin.
 */
export type MachineDefinition = Readonly<
  Record<"copy" | "name" | "folder" | "runtimeFolder" | "owner", string>
> & { readonly origin?: Origin | undefined };

const FIELDS = ["copy", "name", "folder", "runtimeFolder", "owner"] as const;

/** Parsed without zod, which would double the start time of a machine. */
export function parseDefinition(text: string): MachineDefinition {
  const value = JSON.parse(text) as Partial<MachineDefinition> | null;
  for (const field of FIELDS) {
    if (typeof value?.[field] !== "string")
      throw new TypeError(`a machine's definition has no ${field}: ${text.slice(0, 200)}`);
  }
  return value as MachineDefinition;
}

/** @throws VmrigError `STATE_LOST` when the record cannot be read */
export async function readDefinition(
  files: MachineFiles,
  name: string,
): Promise<MachineDefinition | undefined> {
  return await readMachineRecord({ path: files.definition, name, parse: parseDefinition });
}

/** Writes the definition of a machine that is not complete yet. */
export async function beginDefinition(
  files: MachineFiles,
  definition: MachineDefinition,
): Promise<void> {
  await writeJsonAtomically(files.creating, definition);
}

/** Records that the machine is complete. */
export async function completeDefinition(files: MachineFiles): Promise<void> {
  await rename(files.creating, files.definition);
}

/** Records that another resource has taken over the machine. */
export async function changeOrigin(
  files: MachineFiles,
  definition: MachineDefinition,
): Promise<void> {
  await writeJsonAtomically(files.definition, definition);
}
