import { createReadStream } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  passFence,
  VmrigError,
  type Admission,
  type Authority,
  type CopySpec,
  type Driver,
  type MachineRef,
  type MachineStatus,
  type SnapshotName,
} from "vmrig/driver";
import { measureAccelerator, resolveAccelerator, type Accelerator } from "./accelerator.ts";
import { platformOf } from "./command-line.ts";
import { openGuestAgent } from "./guest-agent.ts";
import { findImage, type Image, type ImageSource } from "./image.ts";
import { lanPid, stopLan } from "./lan.ts";
import { machineDefinition, machineFiles, readJson, type MachineDefinition, type QemuRun } from "./machine-files.ts";
import { unmakeMachine } from "./make.ts";
import { emulatesReliably, findQemu } from "./qemu-binary.ts";
import { findProcess, startProcess, stopProcess } from "./qemu-process.ts";
import { openQmp, type Qmp } from "./qmp.ts";
import { listSnapshots, loadSnapshot, revertDisk, saveSnapshot, snapshotPlatform } from "./snapshots.ts";

export interface QemuOptions {
  /** A machine image that was built on this computer, or an archive to fetch and check. @defaultValue `"debian-13"` */
  readonly image?: ImageSource;
  /** `auto` takes KVM where it works, and says so where it does not. @defaultValue `"auto"` */
  readonly accel?: Accelerator | "auto";
}

/** The user that tests log in as; the image has it. */
const USER = "vmrig";

/** A cold boot takes a minute when it is emulated on a quiet computer, 5 s on hardware. */
const BOOT_MS: Readonly<Record<Accelerator, number>> = { tcg: 300_000, kvm: 60_000 };

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
        name: "lan",
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
          dependsOn: ["lan"],
        });
      }
    },

    async inspect(copy) {
      const wanted = copy.machines.map((machine) => machine.name);
      const names = [...new Set([...wanted, ...(await machineNames(copy))])];
      return { machines: await Promise.all(names.map((name) => status(copy, name))) };
    },

    async boot(ref, admission) {
      const machine = await find(ref);
      await passFence(machineFiles(machine, machine.name).fences, machine.name, admission.fence);
      if ((await findProcess(machine)) === undefined) await startProcess(machine);
      const { why } = resolveAccelerator(machine.accelerator, measureAccelerator());
      if (machine.accelerator === "tcg") {
        admission.say?.(`boot     ${machine.name} boots, emulated (${why}): this takes about a minute, once`);
        const { version } = await findQemu(machine.cacheFolder);
        if (!emulatesReliably(version)) admission.say?.(`boot     ${machine.name}: QEMU ${version} lets emulated machines crash at random; use 8.2 or newer`);
      }
      await admit(machine, admission, BOOT_MS[machine.accelerator]);
    },

    async capture(ref, snapshot, authority) {
      const { machine, run } = await findRunning(ref);
      await using qmp = await control(machine, authority);
      await qmp.execute("stop");
      await saveSnapshot(qmp, machine, snapshot, run.platform);
      await qmp.execute("cont");
    },

    async restore(ref, snapshot, admission) {
      const machine = await find(ref);
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
      const machine = await find(ref);
      await passFence(machineFiles(machine, machine.name).fences, machine.name, authority.fence);
      await unmakeMachine(machine);
      // The state that knew the network may be lost as well; with its last machine it has no purpose.
      if ((await machineNames(ref.copy)).length === 0) await stopLan(ref.copy.runtimeFolder);
    },

    async park(ref, authority) {
      const machine = await find(ref);
      if ((await findProcess(machine)) === undefined) return;
      await using qmp = await control(machine, authority);
      await qmp.execute("stop");
      await writeFile(machineFiles(machine, machine.name).parked, "");
    },

    async *console(ref) {
      const machine = await find(ref);
      for await (const chunk of createReadStream(machineFiles(machine, machine.name).console, "utf8")) yield String(chunk);
    },
  };
}

/** @returns whether the machine boots from cold */
async function bringBack(machine: MachineDefinition, snapshot: SnapshotName, taken: string, authority: Authority): Promise<boolean> {
  const say = authority.say ?? (() => {});
  const platform = platformOf(await findQemu(machine.cacheFolder), machine.accelerator);
  const run = await findProcess(machine);
  const reason = await reasonToRestart(machine, run, platform);
  if (reason === undefined && taken === platform) {
    try {
      await using qmp = await control(machine, authority);
      await qmp.execute("stop");
      await loadSnapshot(qmp, snapshot);
      await qmp.execute("cont");
      return false;
    } catch (error) {
      authority.signal.throwIfAborted();
      if (error instanceof Error && "code" in error && error.code === "FENCED") throw error;
      say(`heal     ${machine.name} did not take its snapshot in place (${firstLine(error)}); starting it again from there`);
    }
  } else if (reason !== undefined) {
    say(`heal     ${machine.name}: ${reason}; starting it again from its snapshot`);
  }
  await stopProcess(machine);
  if (taken === platform) {
    await startProcess(machine, snapshot);
    return false;
  }
  say(`heal     ${machine.name}: its snapshot is of another platform (${taken}, now ${platform}); booting from its disk`);
  await revertDisk(machine, snapshot);
  await startProcess(machine);
  return true;
}

async function reasonToRestart(machine: MachineDefinition, run: QemuRun | undefined, platform: string): Promise<string | undefined> {
  if (run === undefined) return "its QEMU process is gone";
  if (run.platform !== platform) return `QEMU changed (${run.platform}, now ${platform})`;
  if (run.lanPid !== (await lanPid(machine.runtimeFolder))) return "the switch of its private network is gone";
  return undefined;
}

/** Opens the control channel for one deed. The fence is checked while it is open: from then on nobody else can act on this process. */
async function control(machine: MachineDefinition, authority: Authority): Promise<Qmp> {
  const files = machineFiles(machine, machine.name);
  const qmp = await openQmp({ path: files.qmp, machine: machine.name, signal: authority.signal });
  try {
    await passFence(files.fences, machine.name, authority.fence);
    authority.signal.throwIfAborted();
    return qmp;
  } catch (error) {
    await qmp[Symbol.asyncDispose]();
    throw error;
  }
}

/** Waits for the guest's agent, and lets in the one key. */
async function admit(machine: MachineDefinition, admission: Admission, timeoutMs: number): Promise<void> {
  const files = machineFiles(machine, machine.name);
  try {
    await using agent = await openGuestAgent({ path: files.agent, machine: machine.name, signal: admission.signal, timeoutMs });
    await agent.authorize(USER, admission.authorize);
  } catch (error) {
    admission.signal.throwIfAborted();
    const tail = (await readFile(files.console, "utf8").catch(() => "")).trimEnd().split("\n").slice(-5);
    throw new VmrigError("MACHINE_UNREACHABLE", {
      message: firstLine(error),
      details: [`accelerator: ${machine.accelerator}`, "last lines of its console:", ...tail.map((line) => `  ${line.trimEnd()}`)],
      hint:
        machine.accelerator === "kvm"
          ? `if the console stops at "Booting from ROM", KVM does not work here: set accel: "tcg"`
          : `see all of its console in ${files.console}`,
      cause: error,
    });
  }
}

async function machineNames(copy: CopySpec): Promise<string[]> {
  return readdir(join(copy.folder, "machines")).catch(() => []);
}

async function find(ref: MachineRef): Promise<MachineDefinition> {
  const machine = await readJson(machineFiles(ref.copy, ref.name).definition, machineDefinition);
  if (machine !== undefined) return machine;
  const names = await machineNames(ref.copy);
  throw new VmrigError("MACHINE_MISSING", {
    message: `There is no machine ${ref.name} in copy ${ref.copy.copy}.`,
    details: [`looked in ${join(ref.copy.folder, "machines")}`, `it has: ${names.join(", ") || "none"}`],
  });
}

async function findRunning(ref: MachineRef): Promise<{ machine: MachineDefinition; run: QemuRun }> {
  const machine = await find(ref);
  const run = await findProcess(machine);
  if (run === undefined) throw new VmrigError("QEMU_FAILED", { message: `${machine.name} is off: its QEMU process is gone.` });
  return { machine, run };
}

async function status(copy: CopySpec, name: string): Promise<MachineStatus> {
  const files = machineFiles(copy, name);
  const machine = await readJson(files.definition, machineDefinition);
  if (machine === undefined) return { name, power: "absent", snapshots: [] };
  const [run, snapshots, hostKey, parked] = await Promise.all([
    findProcess(machine),
    listSnapshots(machine),
    readFile(files.hostKey, "utf8").catch(() => undefined),
    readFile(files.parked).then(() => true, () => false),
  ]);
  return {
    name,
    power: run === undefined ? "off" : parked ? "paused" : "running",
    ...(run && { address: { host: "127.0.0.1", port: run.sshPort } }),
    ...(hostKey !== undefined && { hostKey: hostKey.trim() }),
    owner: machine.owner,
    snapshots,
    whereabouts: run === undefined ? `${files.folder}, not running` : `pid ${run.pid}, ${files.folder}`,
  };
}

function ownImage(copy: CopySpec, image: Image): Image {
  const folder = join(copy.folder, "images", image.digest.replace(/^sha256:/, "").slice(0, 16));
  return { ...image, disk: join(folder, "disk.qcow2"), kernel: join(folder, "kernel"), initrd: join(folder, "initrd") };
}

function step(verb: "create" | "destroy", what: "machine" | "lan"): { command: readonly [string, ...string[]] } {
  return { command: [process.execPath, fileURLToPath(new URL("./steps.js", import.meta.url)), verb, what] };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
