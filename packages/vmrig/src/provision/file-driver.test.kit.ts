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
 * Driver for the tests of this folder. A machine is a folder with a file `owner`. Terraform runs
 * the steps as real processes.
 */
export interface FileDriver extends Driver {
  /** Names of the machines that `remove` was called for. */
  readonly removed: string[];
  /**
   * Shell script of the create step; `$1` is the machine's folder, `$2` the owner.
   *
   * @defaultValue {@link CREATE}
   */
  create: string;
  /** Additional members of the resource's input. */
  input: Record<string, unknown>;
  /** Whether the image is missing, so that `declare` with a fingerprint throws. */
  imageGone: boolean;
}

export const CREATE =
  'mkdir -p "$1" && printf %s "$2" > "$1/owner" && printf %s "$VMRIG_INPUT" > "$1/input"';
const DESTROY = 'rm -rf "$1" && printf "%s\\n" "$VMRIG_INPUT" >> "$2"';

export const FINGERPRINT: Fingerprint = { image: "sha256:0000", platform: "files" };

export function fileDriver(): FileDriver {
  const removed: string[] = [];
  const driver: FileDriver = {
    name: "files",
    locality: "this-computer",
    rollback: "disk",
    removed,
    create: CREATE,
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
              DESTROY,
              "destroy",
              machineFolder(copy, machine.name),
              join(copy.folder, "destroyed"),
            ],
          },
        });
      }
    },
    async inspect(copy) {
      const found = await readdir(join(copy.folder, "machines")).catch(() => []);
      const names = new Set([...copy.machines.map((machine) => machine.name), ...found]);
      return {
        machines: await Promise.all(
          [...names].toSorted().map(async (name) => await inspectMachine(copy, name)),
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

/** Waits until the default create step of a machine has written its files. */
export async function waitUntilCreated(copy: CopySpec, name: string): Promise<void> {
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

/** Creates a machine without Terraform. */
export async function createByHand(copy: CopySpec, name: string): Promise<void> {
  await mkdir(machineFolder(copy, name), { recursive: true });
}

async function inspectMachine(copy: CopySpec, name: string): Promise<MachineStatus> {
  const folder = machineFolder(copy, name);
  if ((await readdir(folder).catch(() => undefined)) === undefined)
    return { name, power: "absent", snapshots: [] };
  const owner = await readFile(join(folder, "owner"), "utf8").catch(() => undefined);
  return {
    name,
    power: "running",
    snapshots: [],
    location: folder,
    ...(owner === undefined ? {} : { owner }),
  };
}

async function unused(): Promise<never> {
  throw new VmrigError("INTERNAL", { message: "The tests of provision/ do not call this." });
}
