import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { BackendServer, Boot, ServerBackend } from "../servers/backend.ts";
import { takeAddressBlock } from "./address-block.ts";
import { Disks } from "./disks/disks.ts";
import { readSystemImage } from "./disks/system-image.ts";
import { Machine, type MachineSettings } from "./machine.ts";
import { Router } from "./network/router.ts";
import { createPrivateFolder } from "./private-folder.ts";
import { bestAccelerator } from "./process/accelerator.ts";
import { prepareRescue, rescueSystem, type RescueSystem } from "./rescue/rescue.ts";

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
  const image = await readSystemImage(options.imageFolder);
  const addresses = stack.use(await takeAddressBlock());
  const folder = stack.use(await createPrivateFolder());
  const servers = new Servers({
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

interface ServersOptions {
  readonly disks: Disks;
  readonly rescue: RescueSystem;
  readonly rebootMs: number;
  readonly machines: MachineSettings;
}

class Servers implements Omit<QemuBackend, "publicIpv4Range" | typeof Symbol.asyncDispose> {
  readonly #options: ServersOptions;
  readonly #disks: Disks;
  readonly #running = new Map<number, Machine>();
  /** Their end is not the guest's doing, or is not reported. */
  readonly #ending = new WeakSet<Machine>();

  constructor(options: ServersOptions) {
    this.#options = options;
    this.#disks = options.disks;
  }

  async writeImage({ id, image, diskGb }: BackendServer): Promise<void> {
    await this.#disks.write(id, image, diskGb);
  }

  async start(server: BackendServer, boot: Boot): Promise<void> {
    const { rescue, machines } = this.#options;
    const folder = this.#disks.folderOf(server.id);
    const isRescue = boot.from === "rescue";
    const machine = await Machine.start(machines, {
      server,
      folder,
      disk: this.#disks.diskOf(server.id),
      direct: isRescue
        ? await prepareRescue(rescue, join(folder, "rescue"), {
            name: server.name,
            authorizedKeys: boot.authorizedKeys,
          })
        : undefined,
    });
    this.#running.set(server.id, machine);
    machine.off
      .then(async (why) => {
        if (this.#ending.has(machine)) return;
        this.#running.delete(server.id);
        if (why === "guest-reset") await this.start(machine.server, boot.onRestart());
        else boot.onPowerOff();
      })
      .catch(boot.onPowerOff);
  }

  async stop({ id }: BackendServer): Promise<void> {
    const machine = this.#running.get(id);
    if (machine === undefined) return;
    this.#ending.add(machine);
    await machine.cutPower();
    this.#running.delete(id);
  }

  async shutDown({ id }: BackendServer): Promise<void> {
    await this.#running.get(id)?.pressPowerButton();
  }

  async reboot(server: BackendServer, boot: Boot): Promise<boolean> {
    const machine = this.#running.get(server.id);
    if (machine === undefined) return false;
    this.#ending.add(machine);
    await machine.pressPowerButton();
    if (!(await isOffIn(this.#options.rebootMs, machine))) {
      this.#ending.delete(machine);
      return false;
    }
    await this.start(server, boot);
    return true;
  }

  async changeNetworks(server: BackendServer): Promise<void> {
    await this.#running.get(server.id)?.changeNetworks(server);
  }

  async resize({ id, diskGb }: BackendServer): Promise<void> {
    await this.#disks.resize(id, diskGb);
  }

  async copyDisk({ id }: BackendServer, image: number): Promise<number> {
    const copy = () => this.#disks.copy(id, image);
    const machine = this.#running.get(id);
    return machine ? await machine.whileHalted(copy) : await copy();
  }

  async remove(server: BackendServer): Promise<void> {
    await this.stop(server);
    await this.#disks.remove(server.id);
  }

  async removeImage(image: number): Promise<void> {
    await this.#disks.removeImage(image);
  }

  async console(server: number): Promise<string> {
    return await readFile(join(this.#disks.folderOf(server), "console.log"), "utf8");
  }

  pid(server: number): number | undefined {
    return this.#running.get(server)?.pid;
  }

  async stopAll(): Promise<void> {
    const machines = [...this.#running.values()];
    for (const machine of machines) this.#ending.add(machine);
    await Promise.all(machines.map((machine) => machine.cutPower()));
    this.#running.clear();
  }
}

async function isOffIn(ms: number, machine: Machine): Promise<boolean> {
  const stop = new AbortController();
  const late = setTimeout(ms, false, { ref: false, signal: stop.signal });
  late.catch(() => {});
  try {
    return await Promise.race([machine.off.then(() => true), late]);
  } finally {
    stop.abort();
  }
}
