import type { PrivateInterface } from "../../servers/backend.ts";
import type { Accelerator } from "./accelerator.ts";

/** A server takes part in at most three networks. Each interface has a separate port. */
const PRIVATE_PORTS = ["private0", "private1", "private2"] as const;
export type PrivatePort = (typeof PRIVATE_PORTS)[number];

/** A private interface, and the socket of the router for it. */
export interface PluggedInterface extends PrivateInterface {
  readonly socket: string;
  readonly port: PrivatePort;
}

/** Boots a kernel directly, from a disk that is not the server's. */
export interface DirectBoot {
  readonly kernel: string;
  readonly initrd: string;
  readonly append: string;
  readonly disk: string;
  /** Files with systemd credentials, as SMBIOS strings. */
  readonly credentials: readonly string[];
}

export interface Machine {
  readonly name: string;
  readonly serial: string;
  readonly memoryMb: number;
  readonly cpus: number;
  readonly accelerator: Accelerator;
  readonly disk: string;
  readonly console: string;
  readonly publicMac: string;
  readonly ipv4: string | undefined;
  /** Program that connects its standard input and output to the metadata service. */
  readonly metadataCommand: string;
  readonly interfaces: readonly PluggedInterface[];
  /** @defaultValue its disk, by firmware */
  readonly direct?: DirectBoot | undefined;
}

/**
 * Contains the vendor's metadata address, because QEMU forwards addresses of its network only. The
 * guest's own address is no link-local one: systemd-networkd would probe it for seconds first.
 */
const PUBLIC_NETWORK = "net=169.252.0.0/14,host=169.253.0.2,dns=169.253.0.3,dhcpstart=169.253.0.15";
const METADATA = "169.254.169.254:80";

export function qemuArguments(machine: Machine): string[] {
  const { accelerator, direct, disk } = machine;
  return [
    ["-name", `guest=${escapeCommas(machine.name)}`],
    ["-machine", process.arch === "arm64" ? "virt" : "q35"],
    ["-accel", accelerator.accel],
    ["-cpu", accelerator.cpu],
    ["-smp", String(machine.cpus)],
    ["-m", String(machine.memoryMb)],
    ["-nodefaults"],
    ["-no-user-config"],
    // Where a guest that restarts boots from is the API's decision.
    ["-action", "reboot=shutdown"],
    ["-display", "none"],
    ["-chardev", "stdio,id=control,signal=off"],
    ["-mon", "chardev=control,mode=control"],
    ["-chardev", `file,id=console,append=on,path=${escapeCommas(machine.console)}`],
    ["-serial", "chardev:console"],
    // How a guest recognises the vendor, and its own instance id.
    ["-smbios", `type=1,manufacturer=Hetzner,product=vServer,serial=${machine.serial}`],
    ["-device", "virtio-rng-pci"],
    ...(direct ? directBoot(direct) : []),
    ["-device", "virtio-scsi-pci,id=scsi"],
    drive("disk", { filename: disk }),
    ["-device", "scsi-hd,bus=scsi.0,drive=disk,bootindex=1"],
    ...publicInterface(machine),
    ...PRIVATE_PORTS.map((port, index) => [
      "-device",
      `pcie-root-port,id=${port},chassis=${index + 1},slot=${index + 1}`,
    ]),
    ...machine.interfaces.flatMap(privateInterface),
  ].flat();
}

function directBoot({ kernel, initrd, append, disk, credentials }: DirectBoot): string[][] {
  return [
    ["-kernel", kernel],
    ["-initrd", initrd],
    ["-append", append],
    ...credentials.map((file) => ["-smbios", `type=11,path=${escapeCommas(file)}`]),
    drive("rescue", { filename: disk }),
    ["-device", "virtio-blk-pci,drive=rescue,serial=rescue"],
  ];
}

function drive(name: string, { filename }: { readonly filename: string }): string[] {
  const node = {
    driver: "qcow2",
    "node-name": name,
    discard: "unmap",
    "detect-zeroes": "unmap",
    file: { driver: "file", filename },
  };
  return ["-blockdev", JSON.stringify(node)];
}

function publicInterface({ publicMac, ipv4, metadataCommand }: Machine): string[][] {
  const forward = ipv4 === undefined ? "" : `,hostfwd=tcp:${ipv4}:22-:22`;
  const metadata = `guestfwd=tcp:${METADATA}-cmd:${escapeCommas(metadataCommand)}`;
  return [
    ["-netdev", `user,id=public,${PUBLIC_NETWORK},${metadata}${forward}`],
    ["-device", `virtio-net-pci,netdev=public,mac=${publicMac},romfile=`],
  ];
}

function privateInterface({ port, mac, socket }: PluggedInterface): string[][] {
  return [
    ["-netdev", JSON.stringify(privateNetdev({ port, socket }))],
    ["-device", JSON.stringify(privateDevice({ port, mac }))],
  ];
}

/** For the command line, and for `netdev_add`. */
export function privateNetdev({ port, socket }: Pick<PluggedInterface, "port" | "socket">): object {
  return {
    type: "stream",
    id: `${port}-link`,
    server: false,
    addr: { type: "unix", path: socket },
  };
}

/** For the command line, and for `device_add`. */
export function privateDevice({ port, mac }: Pick<PluggedInterface, "port" | "mac">): object {
  const driver = "virtio-net-pci";
  return { driver, id: `${port}-card`, bus: port, netdev: `${port}-link`, mac, romfile: "" };
}

/** The first port without an interface. */
export function freePort(used: readonly PrivatePort[]): PrivatePort {
  const free = PRIVATE_PORTS.find((port) => !used.includes(port));
  if (free === undefined) throw new Error("all private interfaces are in use");
  return free;
}

/** Escapes a value for QEMU's option strings, where a comma ends the value: `,,` is a comma. */
function escapeCommas(text: string): string {
  return text.replaceAll(",", ",,");
}
