import { VmrigError } from "vmrig/driver";
import type { Client } from "./api/call/client.ts";
import type { LabelQuery } from "./api/call/label-selector.ts";
import { listImages, type Image } from "./api/images.ts";
import type { Cancellable } from "./api/resource/kind.ts";
import { IMAGE, IMAGE_NAME } from "./labels.ts";

/** An image that `vmrig image publish` uploaded to the project. */
export interface PublishedImage {
  readonly id: number;
  /** Digest as a label: `recipe-3d409162ba6ee6ef`. */
  readonly digest: string;
}

/**
 * Returns the newest published image of a name.
 *
 * @param query.architecture `x86` or `arm`
 * @throws VmrigError `IMAGE_MISSING`
 */
export async function newestImage(
  client: Client,
  {
    name,
    architecture,
    signal,
  }: Cancellable & { readonly name: string; readonly architecture: string },
): Promise<PublishedImage> {
  const found = await available(client, { [IMAGE_NAME]: name, [IMAGE]: true }, signal);
  const fitting = found.filter((image) => image.architecture === architecture);
  const newest = fitting.toSorted((a, b) => Date.parse(b.created) - Date.parse(a.created))[0];
  if (newest !== undefined) return { id: newest.id, digest: newest.labels[IMAGE] ?? "" };
  throw new VmrigError("IMAGE_MISSING", {
    message: `The project in Hetzner Cloud has no image "${name}" for ${architecture}.`,
    details:
      found.length === 0
        ? []
        : [`it has it for ${found.map((image) => image.architecture).join(", ")}`],
    hint: "publish it: `vmrig image publish`; if that was done, the token is that of another project",
  });
}

/**
 * Returns the id of the image that a server was made of.
 *
 * @param query.digest as a label
 * @throws VmrigError `IMAGE_MISSING`
 */
export async function imageOfDigest(
  client: Client,
  { digest, signal }: Cancellable & { readonly digest: string },
): Promise<number> {
  const [image] = await available(client, { [IMAGE]: digest }, signal);
  if (image !== undefined) return image.id;
  throw new VmrigError("IMAGE_MISSING", {
    message: `The project in Hetzner Cloud has no image ${digest} any more.`,
    hint: "publish the present image: `vmrig image publish`; the next run uses it",
  });
}

async function available(
  client: Client,
  labels: LabelQuery,
  signal: AbortSignal | undefined,
): Promise<readonly Image[]> {
  const images = await listImages(client, { labels, query: { type: "snapshot" }, signal });
  return images.filter(({ status }) => status === "available");
}
