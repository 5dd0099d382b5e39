import { join } from "node:path";
import type { ServerBackend } from "../servers/backend.ts";
import { takeAddressBlock } from "./address-block.ts";
import { Disks } from "./disks/disks.ts";
import { readSystemImage } from "./disks/system-image.ts";
import { Router } from "./network/router.ts";
import { createPrivateFolder } from "./private-folder.ts";
import { bestAccelerator } from "./process/accelerator.ts";
import { QemuServers } from "./qemu-servers.ts";
import { rescueSystem } from "./rescue/rescue.ts";

export interface QemuBackendOptions {
  /** Folder of the image that is every system image, with an `image.json`. */
  readonly imageFolder: string;
  /** Of each server, whatever its type. @defaultValue 512 */
  readonly memoryMb?: number;
  /** Of each server, whatever its type. @defaultValue 1 */
  readonly cpus?: number;
  /** How long a reboot waits for the guest to power off. @defaultValue 120000 */
  readonly rebootMs?: number;
}

/** Servers that are QEMU machines of this computer. All of them end together with this process. */
export interface QemuBackend extends ServerBackend, AsyncDisposable {
  /** What a server has written to its console since it was created. */
  console(server: number): Promise<string>;
  /** The file of that. It grows, and is deleted with the server. */
  consoleFile(server: number): string;
  /** Process id of a server that runs. */
  pid(server: number): number | undefined;
}

const REBOOT_MS = 120_000;

/**
 * Runs servers as QEMU machines. Each has its public IPv4 address on the loopback interface, where
 * port 22 is the guest's.
 *
 * @throws Error if this computer does not allow such addresses
 */
export async function qemuBackend(options: QemuBackendOptions): Promise<QemuBackend> {
  await using stack = new AsyncDisposableStack();
  const addresses = stack.use(await takeAddressBlock());
  const folder = stack.use(await createPrivateFolder());
  const image = await readSystemImage(options.imageFolder, join(folder.path, "system"));
  const servers = new QemuServers({
    disks: new Disks({ folder: folder.path, systemDisk: image.disk }),
    rescue: await rescueSystem(image, folder.path),
    rebootMs: options.rebootMs ?? REBOOT_MS,
    machines: {
      router: new Router(),
      memoryMb: options.memoryMb ?? 512,
      cpus: options.cpus ?? 1,
      accelerator: bestAccelerator(),
    },
  });
  stack.defer(() => servers.stopAll());
  const owned = stack.move();
  return Object.assign(servers, {
    publicIpv4Range: addresses.range,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  });
}
