import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type {
  CopySpec,
  Driver,
  Fingerprint,
  MachineSpec,
  MachineStatus,
} from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";

/**
 * A driver for the tests of this folder: a machine is a folder with a file `owner`. Its steps are
 * real processes, run by Terraform.
 */
export interface FileDriver extends Driver {
  /** Names that `remove` was called with. */
  readonly removed: string[];
  /**
   * Shell script of the create step; `$1` is the machine's folder, `$2` the owner. The default one
   * is {@link MAKE}.
   */
  create: string;
  /** More for the resource's input. */
  input: Record<string, unknown>;
  /** Whether its image is gone: nothing can be said about it. */
  imageGone: boolean;
}

export const MAKE =
  'mkdir -p "$1" && printf %s "$2" > "$1/owner" && printf %s "$VMRIG_INPUT" > "$1/input"';
const UNMAKE = 'rm -rf "$1" && printf "%s\\n" "$VMRIG_INPUT" >> "$2"';

export const FINGERPRINT: Fingerprint = { image: "sha256:0000", platform: "files" };

export function fileDriver(): FileDriver {
  const removed: string[] = [];
  const driver: FileDriver = {
    name: "files",
    locality: "this-computer",
    rollback: "disk",
    removed,
    create: MAKE,
    input: {},
    imageGone: false,
    fingerprint: async () => FINGERPRINT,
    declare(stack, copy, { fingerprint, owner }) {
      if (driver.imageGone && fingerprint !== undefined)
        throw new VmrigError("IMAGE_MISSING", { message: "The image is gone." });
      for (const machine of copy.machines) {
        stack.local({
          name: machine.name,
          input: { name: machine.name, lanAddress: machine.lanAddress, ...driver.input },
          replaceOn: { image: fingerprint?.image ?? "", memory_mb: machine.memoryMb },
          create: {
            command: [
              "sh",
              "-c",
              driver.create,
              "create",
              machineFolder(copy, machine.name),
              owner,
            ],
          },
          destroy: {
            command: [
              "sh",
              "-c",
              UNMAKE,
              "destroy",
              machineFolder(copy, machine.name),
              join(copy.folder, "destroyed"),
            ],
          },
        });
      }
    },
    async inspect(copy) {
      const there = await readdir(join(copy.folder, "machines")).catch(() => []);
      const names = new Set([...copy.machines.map((machine) => machine.name), ...there]);
      return {
        machines: await Promise.all(
          [...names].toSorted().map(async (name) => await look(copy, name)),
        ),
      };
    },
    async remove({ copy, name }, authority) {
      authority.signal.throwIfAborted();
      removed.push(name);
      await rm(machineFolder(copy, name), { recursive: true });
    },
    boot: unused,
    capture: unused,
    restore: unused,
  };
  return driver;
}

export function machineFolder(copy: CopySpec, name: string): string {
  return join(copy.folder, "machines", name);
}

export function machine(name: string, memoryMb = 512): MachineSpec {
  return { name, cpus: 1, memoryMb, diskGb: 4, lanAddress: "10.77.0.11" };
}

/** Waits until the default create step of a machine has done its work. */
export async function made(copy: CopySpec, name: string): Promise<void> {
  await waitFor({
    what: `the create step of ${name}`,
    timeoutMs: 30_000,
    intervalMs: 20,
    probe: async () => {
      const files: string[] = await readdir(machineFolder(copy, name)).catch(() => []);
      return files.includes("input") ? { value: true } : { seen: files.join() };
    },
  });
}

/** A machine that is there although no Terraform made it. */
export async function makeByHand(copy: CopySpec, name: string): Promise<void> {
  await mkdir(machineFolder(copy, name), { recursive: true });
}

async function look(copy: CopySpec, name: string): Promise<MachineStatus> {
  const folder = machineFolder(copy, name);
  if ((await readdir(folder).catch(() => undefined)) === undefined)
    return { name, power: "absent", snapshots: [] };
  const owner = await readFile(join(folder, "owner"), "utf8").catch(() => undefined);
  return {
    name,
    power: "running",
    snapshots: [],
    whereabouts: folder,
    ...(owner === undefined ? {} : { owner }),
  };
}

async function unused(): Promise<never> {
  throw new VmrigError("INTERNAL", { message: "The tests of provision/ do not call this." });
}
