import { createReadStream } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { checkOptions, type OptionNames } from "../../errors/check-options.ts";
import type { Admission } from "../authority.ts";
import type { MachineStatus } from "../inventory.ts";
import type { CopySpec, Driver, MachineRef, PublicKey } from "../driver.ts";
import type { VmrigError } from "../../errors/vmrig-error.ts";
import type { LocalStep } from "../rig-stack.ts";
import { machineFolders } from "../machine-folders.ts";
import { refuseUseElsewhere } from "../../local-files/folder-use.ts";
import { sendCommand, NO_PROCESS, type FakeCommand } from "./control.ts";
import { diagnosis } from "./diagnosis.ts";
import { captureTogether, drop, network, power } from "./faults.ts";
import { listSnapshots } from "./disk.ts";
import {
  machineFiles,
  machinesFolder,
  machinesOf,
  readDefinition,
  type MachineDefinition,
} from "./machine-files.ts";
import { startProcess, stopProcess, unmakeMachine } from "./make.ts";
import { withMachineLock, withRemains, findMachine as find, off } from "./find-machine.ts";
import { findOrphans } from "./orphans.ts";
import { programPath } from "./program.ts";

export interface FakeOptions {
  /**
   * Image in the fingerprint of the machines; another image replaces the machines.
   *
   * @defaultValue `"fake"`
   */
  readonly image?: string;
}

const FAKE_OPTIONS: OptionNames<FakeOptions> = { image: true };

/**
 * Creates a driver whose machines isolate nothing: their commands run on **this computer, as you**.
 * Each machine is a folder behind a real SSH server, in a separate process that outlives the run.
 * Fake machines are for the tests of vmrig and of software built on it, where a real machine would
 * only cost time. The driver passes the contract suite of the drivers with real machines.
 *
 * Changes that vmrig itself makes to such a machine stay in its folder: the guest is a `shell`, so
 * nothing is installed and no system file is written. Programs that would reboot or change this
 * computer are shadowed on its PATH, which prevents accidents but not intent. A rollback covers the
 * disk and ends running processes. Machines share no network. Needs Linux, to distinguish a
 * machine's processes from all others.
 */
export function fakeDriver(options: FakeOptions = {}): Driver {
  checkOptions("fakeDriver()", options, FAKE_OPTIONS, "CONFIG_INVALID");
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
      await refuseUseElsewhere(copy.folder, { what: machinesOf(copy.folder) });
      const found = await machineFolders(machinesFolder(copy));
      const names = new Set([...copy.machines.map((machine) => machine.name), ...found]);
      return { machines: await Promise.all([...names].map((name) => inspectMachine(copy, name))) };
    },

    async boot(ref, admission) {
      await sendOrStart(
        ref,
        { do: "admit", fence: admission.fence, key: admission.authorize },
        admission,
      );
    },

    async admit(ref, { fence, signal, authorize: key }) {
      const { files } = await find(ref);
      signal.throwIfAborted();
      if ((await sendCommand(files.control, { do: "admit", fence, key }, signal)) === NO_PROCESS)
        throw off(ref.name);
    },

    async capture(ref, snapshot, { fence, signal }) {
      const { files } = await find(ref);
      signal.throwIfAborted();
      if (
        (await sendCommand(files.control, { do: "capture", fence, snapshot }, signal)) !==
        NO_PROCESS
      )
        return;
      throw off(ref.name);
    },

    async restore(ref, snapshot, admission) {
      await sendOrStart(
        ref,
        { do: "restore", fence: admission.fence, snapshot, key: admission.authorize },
        admission,
      );
    },

    async remove(ref, authority) {
      await withRemains(ref, authority, () => unmakeMachine({ ...ref.copy, name: ref.name }));
    },

    async stop(ref, authority) {
      await withRemains(ref, authority, stopProcess);
    },

    power,
    network,
    captureTogether,
    drop,

    orphans: ({ copies, runtime }) => findOrphans(copies, runtime),

    async park(ref, { fence, signal }) {
      const { files } = await find(ref);
      signal.throwIfAborted();
      await sendCommand(files.control, { do: "park", fence }, signal);
    },

    async *console(ref) {
      const { files } = await find(ref);
      for await (const chunk of createReadStream(files.log, "utf8")) yield String(chunk);
    },

    diagnose: () => Promise.resolve([diagnosis(process.platform)]),
  };
}

/** Sends a command to the machine's process, and starts the process first when it is gone. */
async function sendOrStart(
  ref: MachineRef,
  command: Extract<FakeCommand, { readonly key: PublicKey }>,
  admission: Admission,
): Promise<void> {
  const { signal, say } = admission;
  const { files } = await find(ref);
  signal.throwIfAborted();
  if ((await sendCommand(files.control, command, signal)) !== NO_PROCESS) return;
  await withMachineLock(ref, admission, async () => {
    // Another process may have started it in the meantime.
    if ((await sendCommand(files.control, command, signal)) !== NO_PROCESS) return;
    say?.(`recover  ${ref.name}: its process is gone; starting it again`);
    await startProcess(files, ref.name);
    await sendCommand(files.control, command, signal);
  });
}

async function inspectMachine(copy: CopySpec, name: string): Promise<MachineStatus> {
  const files = machineFiles(copy, name);
  const [record, snapshots] = await Promise.all([
    readDefinition(files, name).catch((error: VmrigError) => error.details.join(" ")),
    listSnapshots(files).catch((error: Error) => error.message),
  ]);
  if (record === undefined && !(await exists(files.folder)))
    return { name, power: "absent", snapshots: [] };
  const [status, hostKey, unlinked] = await Promise.all([
    sendCommand(files.control, { do: "status" }),
    readFile(files.hostPublicKey, "utf8").catch(() => undefined),
    exists(files.unlinked),
  ]);
  const runs = status !== NO_PROCESS;
  const lost =
    record !== undefined && snapshots.length === 0 && (await exists(files.captured))
      ? `${files.snapshots}: the snapshots are gone`
      : undefined;
  const unreadable = [record, snapshots, lost].find((outcome) => typeof outcome === "string");
  return {
    name,
    power: !runs ? "off" : status.paused ? "paused" : "running",
    ...(runs && { address: { host: "127.0.0.1", port: status.sshPort } }),
    ...(hostKey !== undefined && { hostKey: hostKey.trim() }),
    ...(typeof record === "object" && { owner: record.owner }),
    ...(typeof record === "object" && record.origin && { origin: record.origin }),
    ...(record === undefined && { incomplete: true }),
    ...(unreadable !== undefined && { unreadable }),
    snapshots: typeof snapshots === "string" ? [] : snapshots,
    ...(unlinked && { disconnected: true as const }),
    location: runs ? `pid ${status.pid}, ${files.folder}` : `${files.folder}, not running`,
  };
}

function step(verb: "create" | "destroy"): LocalStep {
  return {
    command: [
      process.execPath,
      programPath(new URL("./terraform-steps.ts", import.meta.url)),
      verb,
    ],
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
