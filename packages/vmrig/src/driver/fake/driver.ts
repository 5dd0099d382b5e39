import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Admission, Authority, CopySpec, Driver, MachineRef, MachineStatus, PublicKey } from "../driver.ts";
import { passFence } from "../fence.ts";
import type { LocalStep } from "../rig-stack.ts";
import { inTurn } from "../turn.ts";
import { giveOrder, NOBODY, type Order } from "./control.ts";
import { diagnosis } from "./diagnosis.ts";
import { listSnapshots } from "./disk.ts";
import { machineFiles, machinesFolder, readDefinition, type MachineDefinition, type MachineFiles } from "./machine-files.ts";
import { startProcess, stopProcess, unmakeMachine } from "./make.ts";
import { findOrphans } from "./orphans.ts";
import { programPath } from "./program.ts";

export interface FakeOptions {
  /** What its machines say that they are made of; another image makes other machines. @defaultValue `"fake"` */
  readonly image?: string;
}

/**
 * Machines that isolate nothing: their commands run on **this computer, as you**. Each is a folder behind a real SSH server, in a process of
 * its own which outlives the run. They are for the tests of vmrig and of what is built on it, where a real machine would only cost time; the
 * driver passes the same contract suite as those of real machines.
 *
 * What vmrig itself does to such a machine stays in its folder: the guest is a `shell`, so nothing is installed and no file of a system is
 * written. Programs that would reboot or change this computer are shadowed on its PATH; that keeps accidents away, and nobody who means it.
 * A rollback covers the disk: what runs is ended. Machines share no network. Needs Linux, to tell a machine's processes from all others.
 */
export function fakeDriver(options: FakeOptions = {}): Driver {
  const { image = "fake" } = options;

  return {
    name: "fake",
    locality: "this-computer",
    rollback: "disk",
    guest: "shell",

    async fingerprint(_copy, { signal } = {}) {
      signal?.throwIfAborted();
      return { image, platform: `fake, ${process.platform}` };
    },

    declare(stack, copy, { owner }) {
      for (const { name, cpus, memoryMb, diskGb, lanAddress } of copy.machines) {
        const { copy: of, folder, runtimeFolder } = copy;
        const definition: MachineDefinition = { copy: of, name, folder, runtimeFolder, owner };
        stack.local({
          name,
          input: { ...definition },
          replaceOn: { image, cpus, memory_mb: memoryMb, disk_gb: diskGb, lan_address: lanAddress },
          create: step("create"),
          destroy: step("destroy"),
        });
      }
    },

    async inspect(copy) {
      const found = await readdir(machinesFolder(copy)).catch(() => []);
      const names = new Set([...copy.machines.map((machine) => machine.name), ...found]);
      return { machines: await Promise.all([...names].map((name) => look(copy, name))) };
    },

    async boot(ref, admission) {
      await raise(ref, { do: "admit", fence: admission.fence, key: admission.authorize }, admission);
    },

    async capture(ref, snapshot, { fence, signal }) {
      const { files } = await find(ref);
      signal.throwIfAborted();
      if ((await giveOrder(files.control, { do: "capture", fence, snapshot }, signal)) !== NOBODY) return;
      throw new VmrigError("MACHINE_UNREACHABLE", { message: `${ref.name} is off: its process is gone.` });
    },

    async restore(ref, snapshot, admission) {
      await raise(ref, { do: "restore", fence: admission.fence, snapshot, key: admission.authorize }, admission);
    },

    async remove(ref, authority) {
      await alone(ref, authority, ({ definition }) => unmakeMachine(definition));
    },

    async stop(ref, authority) {
      await alone(ref, authority, ({ files }) => stopProcess(files));
    },

    orphans: ({ copies, runtime }) => findOrphans(copies, runtime),

    async park(ref, { fence, signal }) {
      const { files } = await find(ref);
      signal.throwIfAborted();
      await giveOrder(files.control, { do: "park", fence }, signal);
    },

    async *console(ref) {
      const { files } = await find(ref);
      for await (const chunk of createReadStream(files.log, "utf8")) yield String(chunk);
    },

    diagnose: () => Promise.resolve([diagnosis(process.platform)]),
  };
}

/** For what the machine's process cannot do to itself: nobody else acts on it meanwhile, whatever their fence. */
async function alone<T>(ref: MachineRef, { fence, signal }: Authority, act: (machine: FoundMachine) => Promise<T>): Promise<T> {
  return await inTurn({ path: machineFiles(ref.copy, ref.name).turn, on: ref.name, signal }, async () => {
    const machine = await find(ref);
    await passFence(machine.files.fences, ref.name, fence);
    signal.throwIfAborted();
    return await act(machine);
  });
}

/** Has an order carried out by the machine's process, which is started when it is gone. */
async function raise(ref: MachineRef, order: Extract<Order, { readonly key: PublicKey }>, admission: Admission): Promise<void> {
  const { signal, say } = admission;
  const { files } = await find(ref);
  signal.throwIfAborted();
  if ((await giveOrder(files.control, order, signal)) !== NOBODY) return;
  await alone(ref, admission, async () => {
    // Somebody else may have started it meanwhile.
    if ((await giveOrder(files.control, order, signal)) !== NOBODY) return;
    say?.(`heal     ${ref.name}: its process is gone; starting it again`);
    await startProcess(files, ref.name);
    await giveOrder(files.control, order, signal);
  });
}

interface FoundMachine {
  readonly files: MachineFiles;
  readonly definition: MachineDefinition;
}

async function find({ copy, name }: MachineRef): Promise<FoundMachine> {
  const files = machineFiles(copy, name);
  const definition = await readDefinition(files);
  if (definition !== undefined) return { files, definition };
  const names = await readdir(machinesFolder(copy)).catch(() => []);
  throw new VmrigError("MACHINE_MISSING", {
    message: `There is no machine ${name} in copy ${copy.copy}.`,
    details: [`looked in ${machinesFolder(copy)}`, `it has: ${names.join(", ") || "none"}`],
  });
}

async function look(copy: CopySpec, name: string): Promise<MachineStatus> {
  const files = machineFiles(copy, name);
  const definition = await readDefinition(files);
  if (definition === undefined) return { name, power: "absent", snapshots: [] };
  const [status, snapshots, hostKey] = await Promise.all([
    giveOrder(files.control, { do: "status" }),
    listSnapshots(files),
    readFile(files.hostPublicKey, "utf8"),
  ]);
  const made = { name, hostKey: hostKey.trim(), owner: definition.owner, snapshots };
  if (status === NOBODY) return { ...made, power: "off", whereabouts: `${files.folder}, not running` };
  return {
    ...made,
    power: status.paused ? "paused" : "running",
    address: { host: "127.0.0.1", port: status.sshPort },
    whereabouts: `pid ${status.pid}, ${files.folder}`,
  };
}

function step(verb: "create" | "destroy"): LocalStep {
  return { command: [process.execPath, programPath(new URL("./steps.ts", import.meta.url)), verb] };
}
