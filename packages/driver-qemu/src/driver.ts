import { createReadStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { passFence, VmrigError, type CopySpec, type Driver } from "vmrig/driver";
import { measureAccelerator, resolveAccelerator, type Accelerator } from "./accelerator.ts";
import { bringBack } from "./bring-back.ts";
import { platformOf } from "./command-line.ts";
import { admit, BOOT_MS, control } from "./control.ts";
import { findMachine, findRunning, machineNames } from "./find-machine.ts";
import { findImage, type Image, type ImageSource } from "./image.ts";
import { stopLan } from "./lan.ts";
import { machineFiles, type MachineDefinition } from "./machine-files.ts";
import { unmakeMachine } from "./make.ts";
import { emulatesReliably, findQemu } from "./qemu-binary.ts";
import { findProcess, startProcess, stopProcess } from "./qemu-process.ts";
import { machineStatus } from "./status.ts";
import { listSnapshots, saveSnapshot, snapshotPlatform } from "./snapshots.ts";
import { diagnose } from "./diagnose.ts";

/** No machine can have this name: theirs have no underscore. */
const LAN = "vmrig_lan";

export interface QemuOptions {
  /** A machine image that was built on this computer, or an archive to fetch and check. @defaultValue `"debian-13"` */
  readonly image?: ImageSource;
  /** `auto` takes KVM where it works, and says so where it does not. @defaultValue `"auto"` */
  readonly accel?: Accelerator | "auto";
}

/**
 * Machines as QEMU processes of this user on this computer: no cloud account, no root. Their baselines are RAM snapshots, so a rollback is
 * one load. Each copy has a private network of its own; the way in is a port on 127.0.0.1.
 */
export function qemu(options: QemuOptions = {}): Driver {
  const { image: source = "debian-13", accel = "auto" } = options;

  return {
    name: "qemu",
    locality: "this-computer",
    rollback: "memory",

    async fingerprint(copy) {
      const image = await findImage(source, copy.cacheFolder);
      const binary = await findQemu(copy.cacheFolder);
      const { accelerator } = resolveAccelerator(accel, measureAccelerator());
      return { image: image.digest, platform: platformOf(binary, accelerator) };
    },

    async declare(stack, copy, { owner }) {
      const { accelerator } = resolveAccelerator(accel, measureAccelerator());
      const imageFrom = await findImage(source, copy.cacheFolder);
      const image = ownImage(copy, imageFrom);
      stack.local({
        name: LAN,
        input: { runtimeFolder: copy.runtimeFolder },
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

    async boot(ref, admission) {
      const machine = await findMachine(ref);
      await passFence(machineFiles(machine, machine.name).fences, machine.name, admission.fence);
      admission.signal.throwIfAborted();
      if ((await findProcess(machine)) === undefined) {
        // A start that was cut off may have left a process that nothing points to.
        await stopProcess(machine);
        await startProcess(machine);
      } else {
        // A capture that was cut off leaves the machine stopped.
        await using qmp = await control(machine, admission);
        await qmp.execute("cont");
      }
      const { why } = resolveAccelerator(machine.accelerator, measureAccelerator());
      if (machine.accelerator === "tcg") {
        admission.say?.(`boot     ${machine.name} boots, emulated (${why}): this takes about a minute, once`);
        const { version } = await findQemu(machine.cacheFolder);
        if (!emulatesReliably(version))
          admission.say?.(`boot     ${machine.name}: QEMU ${version} lets emulated machines crash at random; use 8.2 or newer`);
      }
      await admit(machine, admission, BOOT_MS[machine.accelerator]);
    },

    async capture(ref, snapshot, authority) {
      const { machine, run } = await findRunning(ref);
      await using qmp = await control(machine, authority);
      await qmp.execute("stop");
      try {
        await saveSnapshot(qmp, machine, snapshot, run.platform);
      } finally {
        await qmp.execute("cont");
      }
    },

    async restore(ref, snapshot, admission) {
      const machine = await findMachine(ref);
      const files = machineFiles(machine, machine.name);
      await passFence(files.fences, machine.name, admission.fence);
      admission.signal.throwIfAborted();
      const taken = await snapshotPlatform(machine, snapshot);
      if (taken === undefined) {
        throw new VmrigError("ROLLBACK_FAILED", {
          message: `${machine.name} has no snapshot ${snapshot}.`,
          details: [`it has: ${(await listSnapshots(machine)).join(", ") || "none"}`],
        });
      }
      const cold = await bringBack(machine, snapshot, taken, admission);
      await rm(files.parked, { force: true });
      await admit(machine, admission, cold ? BOOT_MS[machine.accelerator] : 30_000);
    },

    async remove(ref, authority) {
      const machine = await findMachine(ref);
      await passFence(machineFiles(machine, machine.name).fences, machine.name, authority.fence);
      authority.signal.throwIfAborted();
      await unmakeMachine(machine);
      // The state that knew the network may be lost as well; with its last machine it has no purpose.
      if ((await machineNames(ref.copy)).length === 0) await stopLan(ref.copy.runtimeFolder);
    },

    async park(ref, authority) {
      const machine = await findMachine(ref);
      if ((await findProcess(machine)) === undefined) return;
      await using qmp = await control(machine, authority);
      await qmp.execute("stop");
      await writeFile(machineFiles(machine, machine.name).parked, "");
    },

    async *console(ref) {
      const machine = await findMachine(ref);
      for await (const chunk of createReadStream(machineFiles(machine, machine.name).console, "utf8")) yield String(chunk);
    },

    diagnose: ({ cacheFolder }) => diagnose({ image: source, accel, cacheFolder }),
  };
}

function ownImage(copy: CopySpec, image: Image): Image {
  const folder = join(copy.folder, "images", image.digest.replace(/^\w+:/, "").slice(0, 16));
  return { ...image, disk: join(folder, "disk.qcow2"), kernel: join(folder, "kernel"), initrd: join(folder, "initrd") };
}

function step(verb: "create" | "destroy", what: "machine" | "lan"): { command: readonly [string, ...string[]] } {
  return { command: [process.execPath, fileURLToPath(new URL("./steps.js", import.meta.url)), verb, what] };
}
