import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SnapshotName } from "vmrig/driver";
import { lanSocket } from "../network/lan.ts";
import { machineFiles, type MachineDefinition } from "../machine-files.ts";
import type { QemuBinary } from "./qemu-binary.ts";

/** Returns the QEMU guest name that identifies the process: `pcs-1/pc1`. */
function guestName(machine: Pick<MachineDefinition, "copy" | "name">): string {
  return `${machine.copy}/${machine.name}`;
}

/**
 * Returns a locally administered hardware address, equal at each start: a snapshot contains its
 * hardware addresses.
 */
export function hardwareAddress(index: number, network: "nat" | "lan"): string {
  return `52:54:00:76:${network === "nat" ? "00" : "01"}:${(index + 0x10).toString(16).padStart(2, "0")}`;
}

/**
 * Returns the platform: everything besides the image on which a RAM snapshot depends. A snapshot
 * loads only on an equal platform.
 */
export function platformOf(qemu: QemuBinary, accelerator: string): string {
  return `qemu ${qemu.version}, ${qemu.machineType}, ${accelerator}, cpu ${cpuModel(accelerator)}, devices 2`;
}

function cpuModel(accelerator: string): string {
  return accelerator === "kvm" ? "host" : "max";
}

/**
 * Returns kernel parameters for an emulated guest.
 *
 * - An x86 counts its cycles (TSC) on through a load in place, while all its other clocks go back
 *   to the snapshot: see `cpu_get_ticks` in QEMU's system/cpu-timers.c. A guest that keeps time by
 *   the TSC finds itself in the future, and freezes for as long.
 * - systemd gives a disk 90 s to appear, then leaves the boot for an emergency shell. On a busy
 *   computer that is too short.
 */
function emulated(accelerator: string): string {
  if (accelerator !== "tcg") return "";
  return `${process.arch === "x64" ? " tsc=unstable" : ""} systemd.default_device_timeout_sec=300 systemd.default_timeout_start_sec=300`;
}

/**
 * Returns QEMU's arguments for one machine. Equal definitions give equal devices on every
 * accelerator, so snapshots load.
 */
export function qemuArguments(
  machine: MachineDefinition,
  qemu: QemuBinary,
  from?: SnapshotName,
): string[] {
  const files = machineFiles(machine, machine.name);
  const lan = lanSocket(machine.runtimeFolder);
  return [
    ["-name", `guest=${guestName(machine)}`],
    ["-machine", qemu.machineType],
    ["-accel", machine.accelerator === "tcg" ? "tcg,thread=multi" : "kvm"],
    ["-cpu", cpuModel(machine.accelerator)],
    ["-smp", String(machine.cpus)],
    ["-m", String(machine.memoryMb)],
    ["-nodefaults"],
    ["-no-user-config"],
    ["-display", "none"],
    ["-chardev", `file,id=console,append=on,path=${value(files.console)}`],
    ["-serial", "chardev:console"],
    ["-kernel", machine.image.kernel],
    ["-initrd", machine.image.initrd],
    [
      "-append",
      `${machine.image.append} console=${process.arch === "arm64" ? "ttyAMA0" : "ttyS0"} quiet panic=-1${emulated(machine.accelerator)}`,
    ],
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
    ["-device", `virtio-net-pci,netdev=nat,mac=${hardwareAddress(machine.index, "nat")},romfile=`],
    ["-netdev", `vde,id=lan,sock=${value(lan)}`],
    ["-device", `virtio-net-pci,netdev=lan,mac=${hardwareAddress(machine.index, "lan")},romfile=`],
    ["-device", "virtio-serial-pci"],
    ["-chardev", `socket,id=agent,server=on,wait=off,path=${value(files.agent)}`],
    ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
    ["-device", "virtio-rng-pci"],
    // Tells a restored guest that its random state was copied, so that it reseeds. QEMU supports
    // this device on x86 only.
    ...(process.arch === "x64" ? [["-device", "vmgenid"]] : []),
    ...readdirSync(files.credentials)
      .sort()
      .map((name) => ["-smbios", `type=11,path=${value(join(files.credentials, name))}`]),
    ["-qmp", `unix:${value(files.qmp)},server=on,wait=off`],
    ["-pidfile", files.pid],
    ["-daemonize"],
    ...(from === undefined ? [] : [["-loadvm", from]]),
  ].flat();
}

/**
 * Escapes a value for QEMU's option strings, where a comma ends the value and is escaped as `,,`.
 */
function value(text: string): string {
  return text.replaceAll(",", ",,");
}
