import { createReadStream } from "node:fs";
import { checkOptions, refuseUseElsewhere, type Driver, type OptionNames } from "vmrig/driver";
import { declareMachines } from "./declare-machines.ts";
import { deleteMachine } from "./delete-machine.ts";
import { diagnose } from "./diagnose.ts";
import { ARCHIVE, findImage, type ImageSource } from "./image/image.ts";
import { openControl, withMachine, withRemains } from "./locked-machine.ts";
import { isCopyInUse, machineNames, requireMachine, requireProcess } from "./machine-context.ts";
import { machinesOf } from "./machine-files.ts";
import { setMarker } from "./marker-file.ts";
import { stopLan } from "./network/lan.ts";
import { setLink } from "./network/link.ts";
import { findOrphans } from "./orphans.ts";
import { ADMIT_MS, authorizeKey } from "./power/authorize-key.ts";
import { bootMachine } from "./power/boot.ts";
import { power } from "./power/power.ts";
import { measureAccelerator, resolveAccelerator, type Accelerator } from "./process/accelerator.ts";
import { currentPlatform } from "./process/platform.ts";
import { stopProcess } from "./process/qemu-process.ts";
import { removeFiles } from "./remove-files.ts";
import { captureTogether } from "./snapshot/capture.ts";
import { restoreMachine } from "./snapshot/restore.ts";
import { dropSnapshot } from "./snapshot/snapshots.ts";
import { machineStatus } from "./status.ts";

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

const QEMU_OPTIONS: OptionNames<QemuOptions> = { image: true, accel: true };

/**
 * Returns a driver that runs machines as QEMU processes of this user on this computer, without a
 * cloud account or root. Baselines are RAM snapshots, so a rollback is one load. Each copy has a
 * private network; SSH uses a port on 127.0.0.1.
 */
export function qemu(options: QemuOptions = {}): Driver {
  checkOptions("qemu()", options, QEMU_OPTIONS, "CONFIG_INVALID");
  const { image = "debian-13", accel = "auto" } = options;
  if (typeof image !== "string")
    checkOptions("`image` of qemu()", image, ARCHIVE, "CONFIG_INVALID");
  return {
    name: "qemu",
    locality: "this-computer",
    rollback: "memory",
    externalKernel: true,

    async fingerprint({ cacheFolder }, limit) {
      const { digest } = await findImage(image, { cacheFolder, ...limit });
      const { accelerator } = resolveAccelerator(accel, measureAccelerator());
      return { image: digest, platform: await currentPlatform({ cacheFolder, accelerator }) };
    },
    declare: (stack, copy, made) => declareMachines(stack, { copy, image, accel, ...made }),
    diagnose: ({ cacheFolder }) => diagnose({ image, accel, cacheFolder }),
    ...MACHINE_CALLS,
  };
}

type OptionCalls = "fingerprint" | "declare" | "diagnose";
type Facts = "name" | "locality" | "rollback" | "externalKernel";

/** The calls that depend on no option of the driver: each machine's definition has what they need. */
const MACHINE_CALLS: Omit<Driver, OptionCalls | Facts> = {
  async inspect(copy) {
    await refuseUseElsewhere(copy.folder, { what: machinesOf(copy.folder) });
    const wanted = copy.machines.map(({ name }) => name);
    const names = [...new Set([...wanted, ...(await machineNames(copy))])];
    return { machines: await Promise.all(names.map((name) => machineStatus(copy, name))) };
  },
  boot: (ref, authority) => withMachine({ ref, authority }, bootMachine),
  admit: (ref, authority) =>
    withMachine({ ref, authority }, async (machine) => {
      requireProcess(machine);
      await authorizeKey(machine, ADMIT_MS);
    }),
  capture: (ref, snapshot, authority) => captureTogether([ref], snapshot, authority),
  captureTogether,
  restore: (ref, snapshot, authority) =>
    withMachine({ ref, authority }, (machine) => restoreMachine(machine, snapshot)),
  drop: (ref, snapshot, authority) =>
    withMachine({ ref, authority }, (machine) => dropSnapshot(machine, snapshot)),

  power,
  network: (ref, action, authority) =>
    withMachine({ ref, authority }, async (machine) => {
      requireProcess(machine);
      await using qmp = await openControl(machine);
      await setLink({ qmp, files: machine.files, action });
    }),
  park: (ref, authority) =>
    withMachine({ ref, authority }, async (machine) => {
      if (machine.process === undefined) return;
      await using qmp = await openControl(machine);
      await qmp.execute("stop");
      await setMarker(machine.files.parked);
    }),
  async stop(ref, authority) {
    await withRemains({ ref, authority }, async (machine) => {
      await stopProcess(machine);
      await removeFiles(machine.files.parked);
    });
    if (!(await isCopyInUse(ref.copy))) await stopLan(ref.copy);
  },
  async remove(ref, authority) {
    await withRemains({ ref, authority }, (machine) => deleteMachine(ref.copy, machine));
    // The Terraform state with the network may be lost too. Without machines, the network has no
    // purpose.
    if ((await machineNames(ref.copy)).length === 0) await stopLan(ref.copy);
  },

  orphans: findOrphans,
  async *console(ref) {
    const { files } = await requireMachine(ref);
    for await (const chunk of createReadStream(files.console, "utf8")) yield String(chunk);
  },
};
