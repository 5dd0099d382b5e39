import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackendServer, Boot, ServerBackend } from "../servers/backend.ts";
import type { Disks } from "./disks/disks.ts";
import { inTime } from "./in-time.ts";
import { Machine, type MachineSettings } from "./machine.ts";
import type { PowerOff } from "./process/qemu-process.ts";
import { prepareRescue, type RescueSystem } from "./rescue/rescue.ts";

interface QemuServersOptions {
  readonly disks: Disks;
  readonly rescue: RescueSystem;
  readonly rebootMs: number;
  readonly machines: MachineSettings;
}

/** Servers whose machines run on this computer. */
export class QemuServers implements Omit<ServerBackend, "publicIpv4Range"> {
  readonly #options: QemuServersOptions;
  readonly #disks: Disks;
  readonly #running = new Map<number, Machine>();
  /** Machines whose end is not reported: this backend ends them. */
  readonly #ending = new WeakSet<Machine>();
  /** The last work on the power of a server. */
  readonly #turns = new Map<number, Promise<unknown>>();
  #isClosed = false;

  constructor(options: QemuServersOptions) {
    this.#options = options;
    this.#disks = options.disks;
  }

  async writeImage({ id, image, diskGb }: BackendServer): Promise<void> {
    await this.#disks.write(id, image, diskGb);
  }

  async start(server: BackendServer, boot: Boot): Promise<void> {
    await this.#inTurn(server.id, () => this.#start(server, boot));
  }

  async stop({ id }: BackendServer): Promise<void> {
    await this.#inTurn(id, () => this.#cutPower(id));
  }

  async shutDown({ id }: BackendServer): Promise<void> {
    await this.#running.get(id)?.pressPowerButton();
  }

  async reboot(server: BackendServer, boot: Boot): Promise<boolean> {
    return await this.#inTurn(server.id, async () => {
      const machine = this.#running.get(server.id);
      if (machine === undefined) return false;
      this.#ending.add(machine);
      await machine.pressPowerButton();
      if ((await inTime(this.#options.rebootMs, machine.off)) === undefined) {
        this.#ending.delete(machine);
        return false;
      }
      await this.#start(server, boot);
      return true;
    });
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
    await this.#disks.remove(server.id);
  }

  async removeImage(image: number): Promise<void> {
    await this.#disks.removeImage(image);
  }

  /** What a server has written to its console since it was created. */
  async console(server: number): Promise<string> {
    return await readFile(this.consoleFile(server), "utf8");
  }

  /** The file of that. It grows, and is deleted with the server. */
  consoleFile(server: number): string {
    return join(this.#disks.folderOf(server), "console.log");
  }

  /** Process id of a server that runs. */
  pid(server: number): number | undefined {
    return this.#running.get(server)?.pid;
  }

  /** Ends all machines, also those that just start. */
  async stopAll(): Promise<void> {
    this.#isClosed = true;
    const ids = [...this.#turns.keys()];
    await Promise.all(ids.map((id) => this.#cutPower(id)));
    await Promise.all(ids.map((id) => this.#inTurn(id, () => this.#cutPower(id))));
  }

  async #start(server: BackendServer, boot: Boot): Promise<void> {
    if (this.#isClosed) throw new Error("the backend has ended");
    const { rescue, machines } = this.#options;
    const folder = this.#disks.folderOf(server.id);
    const machine = await Machine.start(machines, {
      server,
      folder,
      disk: this.#disks.diskOf(server.id),
      direct:
        boot.from === "rescue"
          ? await prepareRescue(rescue, join(folder, "rescue"), boot.authorizedKeys)
          : undefined,
    });
    this.#running.set(server.id, machine);
    machine.off
      .then((why) => this.#inTurn(server.id, () => this.#afterEnd(machine, boot, why)))
      .catch(boot.onPowerOff);
  }

  /** The guest has ended, or its process. */
  async #afterEnd(machine: Machine, boot: Boot, why: PowerOff): Promise<void> {
    if (this.#ending.has(machine)) return;
    this.#running.delete(machine.server.id);
    if (why === "guest-reset") await this.#start(machine.server, boot.onRestart());
    else boot.onPowerOff();
  }

  async #cutPower(id: number): Promise<void> {
    const machine = this.#running.get(id);
    if (machine === undefined) return;
    this.#ending.add(machine);
    await machine.cutPower();
    this.#running.delete(id);
  }

  /** One after the other for each server: a guest may restart while its power is cut. */
  async #inTurn<T>(id: number, work: () => Promise<T>): Promise<T> {
    const done = (this.#turns.get(id) ?? Promise.resolve()).then(work);
    this.#turns.set(
      id,
      done.catch(() => {}),
    );
    return await done;
  }
}
