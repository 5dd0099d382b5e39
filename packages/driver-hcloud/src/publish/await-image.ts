import { waitFor } from "vmrig/driver";
import { readImage, type Image } from "../api/images.ts";
import type { Publish } from "./publish.ts";
import { findSnapshots } from "./image-snapshots.ts";

/** Longest time that the cloud takes to create a snapshot. */
export const SNAPSHOT_MS = 1_800_000;

/** Returns the published image, also one that another publish is creating at the moment. */
export async function findOrAwaitImage(publish: Publish): Promise<Image | undefined> {
  const { client, image, architecture, say, signal } = publish;
  const found = await findSnapshots(client, { digest: image.digest, architecture, signal });
  const available = found.find(({ status }) => status === "available");
  const creating = found.find(({ status }) => status === "creating");
  if (available !== undefined || creating === undefined) return available;
  say(`image    another publish is creating image ${creating.id}`);
  return await awaitImage(publish, creating.id);
}

/** Waits until an image can be used. Returns nothing if it is gone: creating it failed. */
export async function awaitImage(
  { client, signal }: Publish,
  id: number,
): Promise<Image | undefined> {
  return await waitFor<Image | undefined>({
    what: `image ${id} to be available`,
    timeoutMs: SNAPSHOT_MS,
    intervalMs: 5_000,
    clock: client.clock,
    code: "CLOUD_ACTION_FAILED",
    signal,
    async probe(signal) {
      const image = await readImage(client, { id, signal });
      if (image === undefined || image.status === "available") return { value: image };
      return { seen: image.status };
    },
  });
}
