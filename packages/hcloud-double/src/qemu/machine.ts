import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BackendServer, PrivateInterface } from "../servers/backend.ts";
import { inTime } from "./in-time.ts";
import { startMetadataService, type MetadataService } from "./metadata/metadata-service.ts";
import { openPrivateLink, type PrivateLink } from "./network/private-link.ts";
import type { Router } from "./network/router.ts";
import type { Accelerator } from "./process/accelerator.ts";
import {
  freePort,
  privateDevice,
  privateNetdev,
  qemuArguments,
  type DirectBoot,
  type PluggedInterface,
} from "./process/command-line.ts";
import { startQemu, type PowerOff, type QemuProcess } from "./process/qemu-process.ts";

/** What all machines of a backend have in common. */
export interface MachineSettings {
  readonly router: Router;
  readonly memoryMb: number;
  readonly cpus: number;
  readonly accelerator: Accelerator;
}

export interface MachineStart {
  readonly server: BackendServer;
  readonly folder: string;
  readonly disk: string;
  readonly direct: DirectBoot | undefined;
}

/** A guest that does not give an interface back keeps the card until its power is cut. */
const UNPLUG_MS = 30_000;

interface Plugged extends PluggedInterface {
  readonly link: PrivateLink;
}

/** A server that runs: its QEMU process, its metadata service, its private interfaces. */
export class Machine {
  readonly #settings: MachineSettings;
  readonly #folder: string;
  readonly #removed = new Map<string, () => void>();
  #server: BackendServer;
  #interfaces: readonly Plugged[] = [];
  #metadata: MetadataService | undefined;
  #process: QemuProcess | undefined;

  private constructor(settings: MachineSettings, { server, folder }: MachineStart) {
    this.#settings = settings;
    this.#server = server;
    this.#folder = folder;
  }

  /** Resolves when the firmware starts. */
  static async start(settings: MachineSettings, start: MachineStart): Promise<Machine> {
    const machine = new Machine(settings, start);
    await mkdir(start.folder, { recursive: true });
    try {
      await machine.#start(start);
      return machine;
    } catch (error) {
      await machine.#release();
      throw error;
    }
  }

  /** As it was described last. */
  get server(): BackendServer {
    return this.#server;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when it is off, and has given back what it held. */
  get off(): Promise<PowerOff> {
    return this.#running.off.then(async (why) => {
      await this.#release();
      return why;
    });
  }

  /** Does nothing if it is off. */
  async pressPowerButton(): Promise<void> {
    try {
      await this.#running.qmp.execute("system_powerdown");
    } catch (error) {
      if (!this.#running.hasEnded()) throw error;
    }
  }

  async cutPower(): Promise<void> {
    await this.#running.kill();
    await this.#release();
  }

  /** Runs `use` while the guest is halted and its disk is written out. */
  async whileHalted<T>(use: () => Promise<T>): Promise<T> {
    await this.#running.qmp.execute("stop");
    try {
      return await use();
    } finally {
      await this.#running.qmp.execute("cont");
    }
  }

  /** Gives it the interfaces of `server.networks`. */
  async changeNetworks(server: BackendServer): Promise<void> {
    this.#server = server;
    const wanted = new Map(server.networks.map((network) => [network.mac, network]));
    for (const plugged of this.#interfaces)
      if (!wanted.has(plugged.mac)) await this.#unplug(plugged);
    for (const network of server.networks) {
      this.#settings.router.update(network);
      if (this.#interfaces.some(({ mac }) => mac === network.mac)) continue;
      const plugged = await this.#link(network);
      await this.#running.qmp.execute("netdev_add", privateNetdev(plugged));
      await this.#running.qmp.execute("device_add", privateDevice(plugged));
    }
  }

  get #running(): QemuProcess {
    if (this.#process === undefined) throw new Error("the machine has not started");
    return this.#process;
  }

  async #start({ server, disk, direct }: MachineStart): Promise<void> {
    const publicMac = macOf(server);
    const metadata = await startMetadataService(join(this.#folder, "metadata.sock"), () => ({
      server: this.#server,
      publicMac,
    }));
    this.#metadata = metadata;
    for (const network of server.networks) await this.#link(network);
    const { memoryMb, cpus, accelerator } = this.#settings;
    this.#process = await startQemu({
      args: qemuArguments({
        name: server.name,
        serial: String(server.id),
        memoryMb,
        cpus,
        accelerator,
        disk,
        console: join(this.#folder, "console.log"),
        publicMac,
        ipv4: server.ipv4,
        metadataCommand: metadata.command,
        interfaces: this.#interfaces,
        direct,
      }),
      onEvent: ({ event, data }) => {
        if (event === "DEVICE_DELETED") this.#removed.get(String(data["device"]))?.();
      },
    });
  }

  /** Opens the link of an interface. */
  async #link(network: PrivateInterface): Promise<Plugged> {
    const port = freePort(this.#interfaces.map((plugged) => plugged.port));
    const socket = join(this.#folder, `${port}.sock`);
    const link = await openPrivateLink(this.#settings.router, network, socket);
    const plugged = { ...network, port, socket, link };
    this.#interfaces = [...this.#interfaces, plugged];
    return plugged;
  }

  async #unplug(plugged: Plugged): Promise<void> {
    const { port, link } = plugged;
    link[Symbol.dispose]();
    const card = `${port}-card`;
    const { promise, resolve } = Promise.withResolvers<true>();
    this.#removed.set(card, () => resolve(true));
    await this.#running.qmp.execute("device_del", { id: card });
    const isRemoved = await inTime(UNPLUG_MS, promise);
    this.#removed.delete(card);
    if (isRemoved === undefined) return;
    await this.#running.qmp.execute("netdev_del", { id: `${port}-link` });
    this.#interfaces = this.#interfaces.filter((other) => other !== plugged);
  }

  async #release(): Promise<void> {
    for (const { link } of this.#interfaces) link[Symbol.dispose]();
    this.#interfaces = [];
    const metadata = this.#metadata;
    this.#metadata = undefined;
    await metadata?.[Symbol.asyncDispose]();
  }
}

/** Equal at each boot. The vendor's addresses start alike. */
function macOf({ id }: BackendServer): string {
  const hex = id.toString(16).padStart(8, "0").slice(-8);
  return `96:00:${hex.replaceAll(/..(?=.)/g, "$&:")}`;
}
