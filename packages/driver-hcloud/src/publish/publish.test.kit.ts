import { HcloudDouble, type HcloudDoubleOptions } from "@vmrig/hcloud-double";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, open, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createClient, type Client } from "../api/call/client.ts";
import { listImages } from "../api/images.ts";
import { fastClock } from "./fast-clock.test.kit.ts";
import { listServers } from "../api/servers.ts";
import { listSshKeys } from "../api/ssh-keys.ts";
import type { LocalImage } from "./cloud-image.ts";
import type { PublishOptions } from "./publish.ts";
import { startRescueBackend, type RescueBackend } from "./rescue.test.kit.ts";

export interface Stage {
  readonly double: HcloudDouble;
  readonly client: Client;
  readonly backend: RescueBackend;
  readonly image: LocalImage;
  /** Bytes of the image's disk. */
  readonly disk: Buffer;
  /** Everything that a publish has printed. */
  readonly lines: string[];
  readonly options: PublishOptions;
  /** What the project contains: servers, SSH keys, images of vmrig. */
  left(): Promise<{ servers: number; keys: number; images: readonly number[] }>;
}

/** A project on the double, and an image to publish. */
export async function prepareStage(options: HcloudDoubleOptions = {}): Promise<Stage> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "vmrig-test-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const backend = await startRescueBackend(folder);
  const double = await HcloudDouble.start({ backend, ...options });
  const { token, endpoint } = double;
  const client = createClient({ token, endpoint, clock: fastClock });
  onTestFinished(async () => {
    await client[Symbol.asyncDispose]();
    await double[Symbol.asyncDispose]();
  });
  const { path, disk } = await writeImage(folder);
  const image: LocalImage = {
    name: "tiny",
    digest: "recipe:0123456789abcdef",
    disk: path,
    architecture: "amd64",
    firmware: ["bios"],
  };
  const lines: string[] = [];
  return {
    double,
    client,
    backend,
    image,
    disk,
    lines,
    options: { image, say: (line) => void lines.push(line), rescue: backend.access },
    async left() {
      const images = await listImages(client, { labels: { "vmrig-image": true } });
      return {
        servers: (await listServers(client)).length,
        keys: (await listSshKeys(client)).length,
        images: images.map(({ id }) => id),
      };
    },
  };
}

/** A disk of 16 MB: data, a hole, data of a byte more than a megabyte, a hole, the last sector. */
async function writeImage(folder: string): Promise<{ path: string; disk: Buffer }> {
  const disk = Buffer.alloc(16 * 2 ** 20);
  randomBytes(300_000).copy(disk, 0);
  randomBytes(2 ** 20 + 1).copy(disk, 5 * 2 ** 20);
  randomBytes(512).copy(disk, disk.length - 512);
  const raw = join(folder, "tiny.raw");
  const path = join(folder, "tiny.qcow2");
  const file = await open(raw, "w");
  await file.write(disk);
  await file.close();
  execFileSync("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, path]);
  return { path, disk };
}
