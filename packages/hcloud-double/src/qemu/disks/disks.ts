import { link, mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { qemuImg } from "./qemu-img.ts";

const GB = 1e9;
const BLOCK = 512;

/** The disks of servers, and the images that were made of them. Servers are known by their id. */
export class Disks {
  readonly #folder: string;
  readonly #systemDisk: string;

  constructor(options: {
    readonly folder: string;
    /** The disk of all images that were not made of a server. */
    readonly systemDisk: string;
  }) {
    this.#folder = options.folder;
    this.#systemDisk = options.systemDisk;
  }

  /** Files of a server: its disk, its console, its sockets. */
  folderOf(server: number): string {
    return join(this.#folder, "servers", String(server));
  }

  diskOf(server: number): string {
    return join(this.folderOf(server), "disk.qcow2");
  }

  /** Writes an image to a disk. The disk shares the blocks of the image that it does not change. */
  async write(server: number, image: number, diskGb: number): Promise<void> {
    const folder = this.folderOf(server);
    await mkdir(folder, { recursive: true });
    const base = join(folder, "image.qcow2");
    await rm(base, { force: true });
    const source = await this.#sourceOf(image);
    // The image may be deleted before the server is.
    if (source === this.#systemDisk) await createOverlay(source, this.diskOf(server), diskGb);
    else {
      await link(source, base);
      await createOverlay(base, this.diskOf(server), diskGb);
    }
  }

  /** @throws Error if the disk would shrink */
  async resize(server: number, diskGb: number): Promise<void> {
    await qemuImg("resize", "-q", "-f", "qcow2", this.diskOf(server), String(bytes(diskGb)));
  }

  /** Copies the allocated blocks of a disk to a new image. Returns its size in GB. */
  async copy(server: number, image: number): Promise<number> {
    const file = this.#imageFile(image);
    await mkdir(join(this.#folder, "images"), { recursive: true });
    const partial = `${file}.partial`;
    // Shared: the disk may be in use by a server that is paused meanwhile.
    const source = ["-U", "-f", "qcow2", this.diskOf(server)];
    try {
      await qemuImg("convert", "-O", "qcow2", ...source, partial);
      await rename(partial, file);
    } finally {
      await rm(partial, { force: true });
    }
    return (await allocatedBytes(file)) / GB;
  }

  async remove(server: number): Promise<void> {
    await rm(this.folderOf(server), { recursive: true, force: true });
  }

  async removeImage(image: number): Promise<void> {
    await rm(this.#imageFile(image), { force: true });
  }

  #imageFile(image: number): string {
    return join(this.#folder, "images", `${image}.qcow2`);
  }

  async #sourceOf(image: number): Promise<string> {
    const file = this.#imageFile(image);
    const isOwn = (await stat(file).catch(() => undefined)) !== undefined;
    return isOwn ? file : this.#systemDisk;
  }
}

/** Creates a disk that shares all blocks of another one. */
export async function createOverlay(base: string, disk: string, diskGb?: number): Promise<void> {
  const size = diskGb === undefined ? [] : [String(bytes(diskGb))];
  await qemuImg("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, disk, ...size);
}

function bytes(gb: number): number {
  return Math.floor((gb * GB) / BLOCK) * BLOCK;
}

const information = z.object({ "actual-size": z.number() });

async function allocatedBytes(disk: string): Promise<number> {
  const text = await qemuImg("info", "--output", "json", disk);
  return information.parse(JSON.parse(text))["actual-size"];
}
