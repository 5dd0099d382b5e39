import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SnapshotName } from "vmrig/driver";
import type { MachineContext } from "../machine-context.ts";
import { lanSocket } from "../network/lan.ts";
import type { Accelerator } from "./accelerator.ts";
import { cpuModel } from "./platform.ts";
import type { QemuBinary } from "./qemu-binary.ts";

/**
 * Returns a locally administered hardware address, equal at each start: a snapshot contains its
 * hardware addresses.
 */
export function hardwareAddress(index: number, network: "nat" | "lan"): string {
  return `52:54:00:76:${network === "nat" ? "00" : "01"}:${(index + 0x10).toString(16).padStart(2, "0")}`;
}

/** Whether machines of this computer have a VM generation ID: QEMU supports it on x86 only. */
export const HAS_GENERATION_ID = process.arch === "x64";

export interface QemuStart {
  readonly machine: Pick<MachineContext, "definition" | "files">;
  readonly qemu: QemuBinary;
  /** Snapshot to start from. @defaultValue a cold boot */
  readonly from?: SnapshotName | undefined;
}

/**
 * Returns QEMU's arguments for one machine. Equal definitions give equal devices on every
 * accelerator, so snapshots load.
 */
export function qemuArguments({ machine, qemu, from }: QemuStart): string[] {
  const { definition, files } = machine;
  return [
    ["-name", `guest=${definition.copy}/${definition.name}`],
    ...systemArguments(machine, qemu),
    ...deviceArguments(machine),
    ...readdirSync(files.credentials)
      .sort()
      .map((name) => ["-smbios", `type=11,path=${escapeCommas(join(files.credentials, name))}`]),
    ["-qmp", `unix:${escapeCommas(files.qmp)},server=on,wait=off`],
    ["-pidfile", files.pidFile],
    ["-daemonize"],
    ...(from === undefined ? [] : [["-loadvm", from]]),
  ].flat();
}

/** Returns the arguments for processor, RAM, console and kernel. */
function systemArguments(
  { definition, files }: QemuStart["machine"],
  qemu: QemuBinary,
): string[][] {
  const { accelerator, image } = definition;
  const console = process.arch === "arm64" ? "ttyAMA0" : "ttyS0";
  return [
    ["-machine", qemu.machineType],
    ["-accel", accelerator === "tcg" ? "tcg,thread=multi" : "kvm"],
    ["-cpu", cpuModel(accelerator)],
    ["-smp", String(definition.cpus)],
    ["-m", String(definition.memoryMb)],
    ["-nodefaults"],
    ["-no-user-config"],
    ["-display", "none"],
    ["-chardev", `file,id=console,append=on,path=${escapeCommas(files.console)}`],
    ["-serial", "chardev:console"],
    ["-kernel", image.kernel],
    ["-initrd", image.initrd],
    [
      "-append",
      `${image.append} console=${console} quiet panic=-1${emulationParameters(accelerator)}`,
    ],
  ];
}

/** Returns the arguments for the disk, the networks and the guest agent. */
function deviceArguments({ definition, files }: QemuStart["machine"]): string[][] {
  const { index, runtimeFolder } = definition;
  return [
    [
      "-blockdev",
      JSON.stringify({
        driver: "qcow2",
        "node-name": "disk",
        discard: "unmap",
        file: { driver: "file", filename: files.disk },
      }),
    ],
    ["-device", "virtio-blk-pci,drive=disk"],
    // Port 0: the kernel chooses a free port, and no other process can take it before its use.
    ["-netdev", "user,id=nat,hostfwd=tcp:127.0.0.1:0-:22"],
    ["-device", `virtio-net-pci,netdev=nat,mac=${hardwareAddress(index, "nat")},romfile=`],
    ["-netdev", `vde,id=lan,sock=${escapeCommas(lanSocket(runtimeFolder))}`],
    ["-device", `virtio-net-pci,netdev=lan,mac=${hardwareAddress(index, "lan")},romfile=`],
    ["-device", "virtio-serial-pci"],
    ["-chardev", `socket,id=agent,server=on,wait=off,path=${escapeCommas(files.agent)}`],
    ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
    ["-device", "virtio-rng-pci"],
    // Tells a restored guest that its random state was copied, so that it reseeds.
    ...(HAS_GENERATION_ID ? [["-device", "vmgenid"]] : []),
  ];
}

/**
 * Returns kernel parameters for an emulated guest.
 *
 * - After a load in place, the cycle counter (TSC) of an x86 guest is not rewound, while all its
 *   other clocks go back to the snapshot: see `cpu_get_ticks` in QEMU's system/cpu-timers.c. A guest
 *   that keeps time by the TSC would jump into the future, and freeze for as long.
 * - systemd gives a disk 90 s to appear, then leaves the boot for an emergency shell. On a busy
 *   computer that is too short.
 */
function emulationParameters(accelerator: Accelerator): string {
  if (accelerator !== "tcg") return "";
  return `${process.arch === "x64" ? " tsc=unstable" : ""} systemd.default_device_timeout_sec=300 systemd.default_timeout_start_sec=300`;
}

/** Escapes a value for QEMU's option strings, where a comma ends the value: `,,` is a comma. */
function escapeCommas(text: string): string {
  return text.replaceAll(",", ",,");
}
