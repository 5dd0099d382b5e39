import { invalidField, outOfStock } from "../http/api-error.ts";
import type { Reference } from "../http/body.ts";
import type { Project } from "../project/project.ts";
import type { Image } from "../project/records.ts";

/** The image that a body names. A name exists once per architecture. */
export function findImage(
  { images }: Project,
  reference: Reference,
  { architecture, disk }: { readonly architecture: string; readonly disk: number },
): Image {
  const image =
    images.byId(Number(reference)) ??
    images.all.find((other) => other.name === reference && other.architecture === architecture) ??
    images.find(reference, "image");
  if (image.architecture !== architecture)
    throw invalidField("image", `is for ${image.architecture}, not for ${architecture}`);
  if (image.status !== "available") throw outOfStock(`image ${image.id} is ${image.status}`);
  if (image.disk_size > disk) throw invalidField("image", `needs a disk of ${image.disk_size} GB`);
  return image;
}

/** Removes an image. Servers made of it still show it. */
export function removeImage(project: Project, image: Image): void {
  image.deleted = project.timestamp();
  project.images.delete(image);
  // The reply does not wait for the disk space.
  project.backend.removeImage(image.id).catch(() => {});
}
