import type { AccountResource, Belonging } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { listImages, type Image } from "../api/images.ts";
import { listServers } from "../api/servers.ts";
import { IMAGE, IMAGE_NAME, TEMPORARY } from "../labels.ts";
import { belongingOf } from "./belonging.ts";
import { imagePrice } from "./rig-costs.ts";
import type { PriceList } from "./prices.ts";

/**
 * A run that began before an image was published may still create servers from the one before. It
 * has read the digest, and nothing in the project shows that.
 */
const KEPT_MS = 86_400_000;

/**
 * Lists published images that no run uses any more: a newer one of the same name and architecture
 * exists for a day, and no server of the project, of any rig, would be rebuilt from it. Also lists
 * what a publish left behind, and every image while no rig has machines.
 */
export async function listUnneededImages(
  client: Client,
  { signal, prices }: { readonly signal: AbortSignal; readonly prices?: PriceList | undefined },
): Promise<readonly AccountResource[]> {
  // The servers after the images: a server that is created meanwhile is seen.
  const images = await listImages(client, { query: { type: "snapshot" }, signal });
  const servers = await listServers(client, { labels: { [IMAGE]: true }, signal });
  const used = new Set(servers.map(({ labels }) => labels[IMAGE]));
  const now = client.serverTime();
  return images.flatMap((image) => {
    const belongs = belongingOfImage(image, { images, used, now });
    if (belongs === undefined) return [];
    const monthly = prices && imagePrice(image, prices);
    const title = image.labels[IMAGE_NAME] ?? image.description;
    return [
      {
        type: "hcloud_image",
        id: `${image.id}`,
        location: `image ${image.id} "${title}" for ${image.architecture}`,
        belongs,
        createdAt: Date.parse(image.created),
        ...(monthly !== undefined && { monthly }),
      },
    ];
  });
}

/** Returns why an image may not be needed; `undefined` if it is, or is none of vmrig's. */
function belongingOfImage(
  image: Image,
  {
    images,
    used,
    now,
  }: {
    readonly images: readonly Image[];
    readonly used: ReadonlySet<string | undefined>;
    readonly now: number;
  },
): Belonging | undefined {
  const { labels } = image;
  if (labels[TEMPORARY] !== undefined) return belongingOf(image, now);
  if (labels[IMAGE] === undefined || used.has(labels[IMAGE])) return undefined;
  const newer = images.find((other) => isNewer(other, image) && isOlderThan(other, now, KEPT_MS));
  if (newer !== undefined)
    return { to: "none", why: `image ${newer.id} has replaced it, and no server is made of it` };
  if (used.size > 0) return undefined;
  return { to: "others", why: "no rig has machines now, and the next run would use it" };
}

/** Whether runs take one image instead of the other. */
function isNewer(newer: Image, older: Image): boolean {
  return (
    newer.status === "available" &&
    newer.labels[IMAGE] !== undefined &&
    newer.labels[IMAGE_NAME] !== undefined &&
    newer.labels[IMAGE_NAME] === older.labels[IMAGE_NAME] &&
    newer.architecture === older.architecture &&
    Date.parse(newer.created) > Date.parse(older.created)
  );
}

const isOlderThan = ({ created }: Image, now: number, ms: number): boolean =>
  now - Date.parse(created) > ms;
