import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { writeJsonAtomically } from "../../local-files/atomic-write.ts";
import type { CopySpec } from "../driver.ts";

/** Paths of the files of one fake machine. A rollback rewinds `disk` and nothing else. */
export interface MachineFiles {
  readonly folder: string;
  readonly definition: string;
  readonly disk: string;
  /** The test user's home. */
  readonly home: string;
  /** Folder of the programs that come first on the machine's PATH. */
  readonly bin: string;
  readonly snapshots: string;
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
    disk,
    home: join(disk, "home", "vmrig"),
    bin: join(folder, "bin"),
    snapshots: join(folder, "snapshots"),
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
 * Definition of a machine, written at its creation and never changed. Also the input of Terraform's
 * steps.
 */
export type MachineDefinition = Readonly<
  Record<"copy" | "name" | "folder" | "runtimeFolder" | "owner", string>
>;

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

/** @returns `undefined` when the machine does not exist */
export async function readDefinition(files: MachineFiles): Promise<MachineDefinition | undefined> {
  const text = await readFile(files.definition, "utf8").catch(() => undefined);
  return text === undefined ? undefined : parseDefinition(text);
}

export async function writeDefinition(
  files: MachineFiles,
  definition: MachineDefinition,
): Promise<void> {
  await writeJsonAtomically(files.definition, definition);
}
