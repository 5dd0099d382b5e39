import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineStatus } from "../driver/inventory.ts";
import type { CopySpec, Driver, Fingerprint, MachineSpec } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { parseOrigin } from "../driver/origin.ts";
import { waitFor } from "../wait/wait-for.ts";

/** The resource of the network. Machine names have no underscore. */
const NETWORK = "files_network";

/**
 * Driver for the tests of this folder. A machine is a folder with files; `input` is its record and
 * written last. Terraform runs the steps as real processes.
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
  /** Shell script of the destroy step; `$1` is the machine's folder. @defaultValue {@link DESTROY} */
  destroy: string;
  /** Additional members of the resource's input. */
  input: Record<string, unknown>;
  /** Whether the machines have a network, which is a resource and no machine. */
  lan: boolean;
  /** Snapshots of each machine: a machine with snapshots may have been used. */
  snapshots: readonly string[];
  /** Whether the image is missing, so that `declare` with a fingerprint throws. */
  imageGone: boolean;
}

/** Prints the hash of the values in an origin. */
const VALUES = 'sed -n \'s/.*"values":"\\([^"]*\\)".*/\\1/p\'';
/** Takes over a complete machine of the same owner and the same values, or creates one. */
export const CREATE = `mkdir -p "$1"
if ! { test -e "$1/input" && test "$(cat "$1/owner")" = "$2" &&
  test "$(${VALUES} "$1/origin")" = "$(printf %s "$VMRIG_ORIGIN" | ${VALUES})"; }; then
  rm -f "$1/input"; printf %s "$2" > "$1/owner"; printf %s "$VMRIG_ORIGIN" > "$1/origin"
  echo $$ > "$1/created"; printf %s "$VMRIG_INPUT" > "$1/input"
else printf %s "$VMRIG_ORIGIN" > "$1/origin"; fi`;
/** Deletes a machine, and notes the input of the step. */
export const DESTROY = 'rm -rf "$1" && printf "%s\\n" "$VMRIG_INPUT" >> "$2"';

export const FINGERPRINT: Fingerprint = { image: "sha256:0000", platform: "files" };

export function fileDriver(): FileDriver {
  const removed: string[] = [];
  const driver: FileDriver = {
    name: "files",
    locality: "this-computer",
    rollback: "disk",
    removed,
    create: CREATE,
    destroy: DESTROY,
    input: {},
    lan: false,
    snapshots: [],
    imageGone: false,
    fingerprint: async () => FINGERPRINT,
    declare(stack, copy, { fingerprint, owner }) {
      if (driver.imageGone && fingerprint !== undefined)
        throw new VmrigError("IMAGE_MISSING", { message: "The image is gone." });
      const network = join(copy.folder, "network");
      if (driver.lan) {
        stack.local({
          name: NETWORK,
          input: {},
          replaceOn: {},
          create: { command: ["mkdir", "-p", network] },
          destroy: { command: ["rm", "-rf", network] },
        });
      }
      for (const machine of copy.machines) {
        stack.local({
          dependsOn: driver.lan ? [NETWORK] : [],
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
              driver.destroy,
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
          [...names].toSorted().map(async (name) => await inspectMachine(driver, copy, name)),
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

/** Waits until a machine has no record: it is incomplete, or gone. */
export async function waitUntilGone(copy: CopySpec, name: string): Promise<void> {
  await waitFor({
    what: `the removal of ${name}`,
    timeoutMs: 30_000,
    intervalMs: 20,
    probe: async () => {
      const files: string[] = await readdir(machineFolder(copy, name)).catch(() => []);
      return files.includes("input") ? { seen: files.join() } : { value: true };
    },
  });
}

/** Creates a machine without Terraform. */
export async function createByHand(copy: CopySpec, name: string): Promise<void> {
  await mkdir(machineFolder(copy, name), { recursive: true });
  await writeFile(join(machineFolder(copy, name), "input"), "{}");
}

async function inspectMachine(
  { snapshots }: FileDriver,
  copy: CopySpec,
  name: string,
): Promise<MachineStatus> {
  const folder = machineFolder(copy, name);
  const files: string[] | undefined = await readdir(folder).catch(() => undefined);
  if (files === undefined) return { name, power: "absent", snapshots: [] };
  if (!files.includes("input"))
    return { name, power: "off", snapshots: [], incomplete: true, location: folder };
  const read = async (file: string): Promise<string | undefined> =>
    await readFile(join(folder, file), "utf8").catch(() => undefined);
  const [owner, origin] = [await read("owner"), parseOrigin(await read("origin"))];
  return {
    name,
    power: "running",
    snapshots,
    location: folder,
    ...(owner !== undefined && { owner }),
    ...(origin !== undefined && { origin }),
  };
}

async function unused(): Promise<never> {
  throw new VmrigError("INTERNAL", { message: "The tests of provision/ do not call this." });
}
