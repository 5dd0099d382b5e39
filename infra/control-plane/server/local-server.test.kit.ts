import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findImage } from "../../../packages/driver-qemu/src/image/image.ts";
import {
  measureAccelerator,
  resolveAccelerator,
} from "../../../packages/driver-qemu/src/process/accelerator.ts";
import { cpuModel } from "../../../packages/driver-qemu/src/process/platform.ts";
import { findQemu } from "../../../packages/driver-qemu/src/process/qemu-binary.ts";
import { runQemuImg } from "../../../packages/driver-qemu/src/process/qemu-img.ts";
import { openFolders } from "../../../packages/vmrig/src/config/folders.ts";
import { freePort } from "../../../packages/vmrig/src/ssh/fixtures/free-port.test.kit.ts";

/** The cloud names the device of a volume after its id, in the same way. */
const VOLUME = "4711";
export const DEVICE = `/dev/disk/by-id/scsi-0HC_Volume_${VOLUME}`;

/**
 * A server as the cloud would make it, as a machine of this computer: a fresh disk, a blank volume,
 * and the user data.
 */
export class LocalServer implements AsyncDisposable {
  readonly folder: string;
  readonly ssh: number;
  readonly redis: number;
  readonly #seed: Server;
  #child: ChildProcess | undefined;

  private constructor(folder: string, ports: { ssh: number; redis: number }, seed: Server) {
    this.folder = folder;
    this.ssh = ports.ssh;
    this.redis = ports.redis;
    this.#seed = seed;
  }

  static async start(userData: string): Promise<LocalServer> {
    const folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
    const seed = createServer((request, response) => {
      const file = { "/user-data": userData, "/meta-data": "instance-id: control\n" };
      response.end(file[request.url as keyof typeof file] ?? "");
    }).listen(0, "127.0.0.1");
    await once(seed, "listening");
    const ports = { ssh: await freePort(), redis: await freePort() };
    const server = new LocalServer(folder, ports, seed);
    try {
      await server.#makeDisks();
      await server.#start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #makeDisks(): Promise<void> {
    const { disk } = await this.#image();
    const overlay = join(this.folder, "disk.qcow2");
    await runQemuImg("create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", overlay);
    await writeFile(join(this.folder, "volume.raw"), "");
    await truncate(join(this.folder, "volume.raw"), 1 << 30);
  }

  async #image() {
    const { cache } = await openFolders();
    return await findImage("debian-13", { cacheFolder: cache });
  }

  async #start(): Promise<void> {
    const { cache } = await openFolders();
    const qemu = await findQemu(cache);
    const { accelerator } = resolveAccelerator("auto", measureAccelerator());
    const { kernel, initrd, append } = await this.#image();
    const { port } = this.#seed.address() as AddressInfo;
    const terminal = process.arch === "arm64" ? "ttyAMA0" : "ttyS0";
    // The driver qemu starts machines without cloud-init.
    const parameters = append.replace("cloud-init=disabled", "");
    const forward = [
      `hostfwd=tcp:127.0.0.1:${this.ssh}-:22`,
      `hostfwd=tcp:127.0.0.1:${this.redis}-:6379`,
    ];
    const args = [
      ["-machine", qemu.machineType],
      ["-accel", accelerator === "tcg" ? "tcg,thread=multi" : "kvm"],
      ["-cpu", cpuModel(accelerator)],
      ["-smp", "1"],
      ["-m", "768"],
      ["-nodefaults", "-no-user-config"],
      ["-display", "none"],
      ["-serial", `file:${join(this.folder, "console.log")}`],
      ["-kernel", kernel, "-initrd", initrd],
      [
        "-append",
        `${parameters} console=${terminal} panic=-1 tsc=unstable systemd.default_device_timeout_sec=300 systemd.default_timeout_start_sec=300`,
      ],
      ["-drive", `if=none,id=disk,format=qcow2,file=${join(this.folder, "disk.qcow2")}`],
      ["-device", "virtio-blk-pci,drive=disk"],
      ["-drive", `if=none,id=volume,format=raw,file=${join(this.folder, "volume.raw")}`],
      ["-device", "virtio-scsi-pci"],
      ["-device", `scsi-hd,drive=volume,vendor=HC,product=Volume,device_id=${VOLUME}`],
      ["-netdev", ["user,id=nat", ...forward].join(",")],
      ["-device", "virtio-net-pci,netdev=nat,romfile="],
      ["-device", "virtio-rng-pci"],
      ["-smbios", `type=1,serial=ds=nocloud;s=http://10.0.2.2:${port}/`],
    ].flat();
    this.#child = spawn(qemu.path, args, { stdio: ["ignore", "ignore", "inherit"] });
    await once(this.#child, "spawn");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    this.#seed.closeAllConnections();
    await new Promise((closed) => this.#seed.close(closed));
    await rm(this.folder, { recursive: true, force: true });
  }
}
