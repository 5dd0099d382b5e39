import { createReadStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  VmrigError,
  explainWriteErrors,
  type CopySpec,
  type Driver,
  type Fingerprint,
} from "vmrig/driver";
import { measureAccelerator, resolveAccelerator, type Accelerator } from "./process/accelerator.ts";
import { restoreMachine, reasonToRestart } from "./snapshot/restore.ts";
import { captureTogether } from "./snapshot/capture.ts";
import { platformOf } from "./process/command-line.ts";
import { acting, admit, BOOT_MS, control } from "./power/control.ts";
import { anyRuns, findMachine, findRunning, machineNames } from "./find-machine.ts";
import { findImage, type ImageSource } from "./image/image.ts";
import type { Image } from "./image/manifest.ts";
import { stopLan } from "./network/lan.ts";
import { setLink } from "./network/link.ts";
import { machineFiles, type MachineDefinition } from "./machine-files.ts";
import { unmakeMachine } from "./make.ts";
import { findOrphans } from "./orphans.ts";
import { reportEmulation } from "./process/emulation-notice.ts";
import { power } from "./power/power.ts";
import { findQemu } from "./process/qemu-binary.ts";
import { findProcess, startProcess, stopProcess } from "./process/qemu-process.ts";
import { machineStatus } from "./status.ts";
import { dropSnapshot, listSnapshots, snapshotPlatform } from "./snapshot/snapshots.ts";
import { diagnose } from "./diagnose.ts";

/** Resource name of the private network. Machine names have no underscore, so it cannot clash. */
const LAN = "vmrig_lan";

export interface QemuOptions {
  /**
   * Name of a machine image built on this computer, or an archive to fetch and verify.
   *
   * @defaultValue `"debian-13"`
   */
  readonly image?: ImageSource;
  /** `auto` uses KVM if it works, and reports emulation otherwise. @defaultValue `"auto"` */
  readonly accel?: Accelerator | "auto";
}

/**
 * Returns a driver that runs machines as QEMU processes of this user on this computer, without a
 * cloud account or root. Baselines are RAM snapshots, so a rollback is one load. Each copy has a
 * private network; SSH uses a port on 127.0.0.1.
 */
export function qemu(options: QemuOptions = {}): Driver {
  const { image: source = "debian-13", accel = "auto" } = options;

  return {
    name: "qemu",
    locality: "this-computer",
    rollback: "memory",

    async fingerprint(copy, patience) {
      const image = await findImage(source, { cacheFolder: copy.cacheFolder, ...patience });
      const binary = await findQemu(copy.cacheFolder);
      const { accelerator } = resolveAccelerator(accel, measureAccelerator());
      return { image: image.digest, platform: platformOf(binary, accelerator) };
    },

    async declare(stack, copy, { fingerprint, owner }) {
      const { accelerator } =
        fingerprint === undefined ? ANY : resolveAccelerator(accel, measureAccelerator());
      const imageFrom =
        fingerprint === undefined ? ANY.image : await imageOf(fingerprint, source, copy);
      const image = ownImage(copy, imageFrom);
      stack.local({
        name: LAN,
        input: { folder: copy.folder, runtimeFolder: copy.runtimeFolder },
        replaceOn: {},
        create: step("create", "lan"),
        destroy: step("destroy", "lan"),
      });
      for (const [index, spec] of copy.machines.entries()) {
        const definition: MachineDefinition = {
          ...spec,
          rig: copy.rig,
          copy: copy.copy,
          folder: copy.folder,
          runtimeFolder: copy.runtimeFolder,
          cacheFolder: copy.cacheFolder,
          owner,
          index,
          accelerator,
          imageFrom,
          image,
        };
        stack.local({
          name: spec.name,
          input: { ...definition },
          replaceOn: {
            image: image.digest,
            accelerator,
            cpus: spec.cpus,
            memory_mb: spec.memoryMb,
            disk_gb: spec.diskGb,
            lan_address: spec.lanAddress,
          },
          create: step("create", "machine"),
          destroy: step("destroy", "machine"),
          dependsOn: [LAN],
        });
      }
    },

    async inspect(copy) {
      const wanted = copy.machines.map((machine) => machine.name);
      const names = [...new Set([...wanted, ...(await machineNames(copy))])];
      return { machines: await Promise.all(names.map((name) => machineStatus(copy, name))) };
    },

    boot: (ref, admission) =>
      acting(ref, admission, async (machine) => {
        const { accelerator } = machine;
        const platform = platformOf(await findQemu(machine.cacheFolder), accelerator);
        const run = await findProcess(machine);
        if (run === undefined || (await reasonToRestart(machine, run, platform)) !== undefined) {
          // An interrupted start may have left a process without a record.
          await stopProcess(machine);
          await startProcess(machine);
        } else {
          // An interrupted capture leaves the machine stopped.
          await using qmp = await control(machine, admission);
          await qmp.execute("cont");
        }
        if (accelerator === "tcg") await reportEmulation(machine, admission);
        await admit(machine, admission, BOOT_MS[accelerator]);
      }),

    capture: (ref, snapshot, authority) => captureTogether([ref], snapshot, authority),
    captureTogether,

    drop: (ref, snapshot, authority) =>
      acting(ref, authority, async (machine) => {
        if ((await findProcess(machine)) === undefined)
          return await dropSnapshot(undefined, machine, snapshot);
        await using qmp = await control(machine, authority);
        await dropSnapshot(qmp, machine, snapshot);
      }),

    power,

    network: (ref, action, authority) =>
      acting(ref, authority, async () => {
        const { machine } = await findRunning(ref);
        await using qmp = await control(machine, authority);
        await setLink(qmp, machine, action);
      }),

    restore: (ref, snapshot, admission) =>
      acting(ref, admission, async (machine) => {
        const taken = await snapshotPlatform(machine, snapshot);
        if (taken === undefined) {
          throw new VmrigError("ROLLBACK_FAILED", {
            message: `${machine.name} has no snapshot ${snapshot}.`,
            details: [`available: ${(await listSnapshots(machine)).join(", ") || "none"}`],
          });
        }
        await restoreMachine(machine, snapshot, taken, admission);
        // A restarted process has all its links connected.
        const { parked, switchedOff, unlinked } = machineFiles(machine, machine.name);
        await Promise.all([parked, switchedOff, unlinked].map((path) => rm(path, { force: true })));
      }),

    async remove(ref, authority) {
      await acting(ref, authority, unmakeMachine);
      // The Terraform state with the network may be lost too. Without machines, the network has no
      // purpose.
      if ((await machineNames(ref.copy)).length === 0) await stopLan(ref.copy);
    },

    async stop(ref, authority) {
      await acting(ref, authority, async (machine) => {
        await stopProcess(machine);
        await rm(machineFiles(machine, machine.name).parked, { force: true });
      });
      if (!(await anyRuns(ref.copy))) await stopLan(ref.copy);
    },

    park: (ref, authority) =>
      acting(ref, authority, async (machine) => {
        if ((await findProcess(machine)) === undefined) return;
        const { parked } = machineFiles(machine, machine.name);
        await using qmp = await control(machine, authority);
        await qmp.execute("stop");
        await explainWriteErrors(parked, () => writeFile(parked, ""));
      }),

    orphans: findOrphans,

    async *console(ref) {
      const machine = await findMachine(ref);
      for await (const chunk of createReadStream(
        machineFiles(machine, machine.name).console,
        "utf8",
      ))
        yield String(chunk);
    },

    diagnose: ({ cacheFolder }) => diagnose({ image: source, accel, cacheFolder }),
  };
}

/**
 * Placeholders for a stack that is only destroyed: each destroy step receives the definition with
 * which its machine was created.
 */
const ANY: { readonly accelerator: Accelerator; readonly image: Image } = {
  accelerator: "tcg",
  image: { name: "any", digest: "any", disk: "", kernel: "", initrd: "", append: "" },
};

/**
 * Returns the image with the digest of the fingerprint. The cache may have a different image by
 * now: the name of a locally built image moves to the newest build.
 */
async function imageOf(
  fingerprint: Fingerprint,
  source: ImageSource,
  copy: CopySpec,
): Promise<Image> {
  const image = await findImage(source, { cacheFolder: copy.cacheFolder });
  if (image.digest === fingerprint.image) return image;
  throw new VmrigError("IMAGE_MISMATCH", {
    message: `The machine image ${image.name} was replaced while this run began.`,
    details: [`it was  ${fingerprint.image}`, `it is   ${image.digest}`],
    hint: "run again",
  });
}

function ownImage(copy: CopySpec, image: Image): Image {
  const folder = join(copy.folder, "images", image.digest.replace(/^\w+:/, "").slice(0, 16));
  return {
    ...image,
    disk: join(folder, "disk.qcow2"),
    kernel: join(folder, "kernel"),
    initrd: join(folder, "initrd"),
  };
}

function step(
  verb: "create" | "destroy",
  what: "machine" | "lan",
): { command: readonly [string, ...string[]] } {
  return {
    command: [
      process.execPath,
      fileURLToPath(new URL("./terraform-steps.js", import.meta.url)),
      verb,
      what,
    ],
  };
}
