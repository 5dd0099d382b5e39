import { VmrigError } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Labels } from "../api/call/label-selector.ts";
import { listImages, type Image } from "../api/images.ts";
import type { Cancellable } from "../api/resource/kind.ts";
import { IMAGE, IMAGE_NAME } from "../labels.ts";
import type { Architecture, LocalImage } from "./cloud-image.ts";

const MOST_CHARACTERS = 63;

export interface WantedImage extends Cancellable {
  readonly digest: string;
  readonly architecture: Architecture;
}

/**
 * Returns the snapshots of a digest, also those that are still being created. Oldest first. Several
 * exist when two computers published at once; all are equal.
 */
export async function findSnapshots(
  client: Client,
  { digest, architecture, signal }: WantedImage,
): Promise<readonly Image[]> {
  const labels = { [IMAGE]: digestLabel(digest) };
  const found = await listImages(client, { labels, query: { type: "snapshot" }, signal });
  return found
    .filter((image) => image.architecture === architecture)
    .toSorted((one, other) => one.id - other.id);
}

/** Returns the labels of a published image. */
export function imageLabels({ name, digest, architecture = "amd64" }: LocalImage): Labels {
  return {
    [IMAGE]: digestLabel(digest),
    ...(/^[a-z0-9](?:[\w.-]{0,61}[a-z0-9])?$/i.test(name) && { [IMAGE_NAME]: name }),
    "vmrig-image-architecture": architecture,
  };
}

/**
 * Writes a digest as a label, which has no colon and at most 63 characters: `sha256-…` loses its
 * last 8 of 64 digits.
 */
function digestLabel(digest: string): string {
  if (!/^[a-z0-9]+:[a-z0-9]+$/i.test(digest))
    throw new VmrigError("CONFIG_INVALID", {
      message: `The image's digest is invalid: ${JSON.stringify(digest.slice(0, 80))}.`,
      hint: "image.json of the image needs a digest such as `sha256:` and hex digits",
    });
  return digest.replace(":", "-").slice(0, MOST_CHARACTERS);
}
