import { z } from "zod";
import { readActions } from "./action/action.ts";
import { sentAt } from "./action/start-actions.ts";
import { readPart } from "./call/body.ts";
import type { Client } from "./call/client.ts";
import { checkLabels, type Labels } from "./call/label-selector.ts";
import { asReply, type Created } from "./resource/create.ts";
import { deleteOf } from "./resource/delete.ts";
import { subject, type Cancellable, type Kind, type OfResource } from "./resource/kind.ts";
import { labelled, reference } from "./resource/labelled.ts";
import { protectOf } from "./resource/protect.ts";
import { listOf, readOf } from "./resource/read.ts";
import { SERVERS } from "./servers.ts";

const schema = z.object({
  ...labelled,
  /** Snapshots and backups have none. */
  name: z.string().nullable(),
  description: z.string(),
  /** `system`, `snapshot`, `backup`, `app` */
  type: z.string(),
  /** `available`, `creating`, `unavailable` */
  status: z.string(),
  architecture: z.string(),
  /** Of the disk that it needs, in GB. */
  disk_size: z.number(),
  /** What is billed, in GB; null while it is created. */
  image_size: z.number().nullable(),
  created_from: reference.nullable(),
  protection: z.object({ delete: z.boolean() }),
});

export type Image = z.infer<typeof schema>;

const IMAGES: Kind<Image> = { many: "images", one: "image", title: "image", schema };

export const listImages = listOf(IMAGES);

/**
 * Returns the vendor's image of a name. A name exists once per architecture, and may be deprecated
 * while servers still use it.
 */
export async function findSystemImage(
  client: Client,
  {
    name,
    architecture,
    signal,
  }: Cancellable & { readonly name: string; readonly architecture: string },
): Promise<Image | undefined> {
  const query = { name, architecture, type: "system", include_deprecated: true };
  return (await listImages(client, { query, signal }))[0];
}

export const readImage = readOf(IMAGES);

export interface NewSnapshot extends OfResource {
  readonly description: string;
  readonly labels: Labels;
}

/**
 * Creates a snapshot of a server's disk; only the disk of a server that is off is consistent.
 * Images have no names, so after a lost reply it takes the snapshot of this server with these
 * labels that was created since.
 */
export async function createSnapshot(
  client: Client,
  { of, description, labels, signal }: NewSnapshot,
): Promise<Created<Image>> {
  checkLabels(labels);
  const path = `/servers/${of.id}/actions/create_image`;
  const reply = await client.call({
    method: "POST",
    path,
    body: { type: "snapshot", description, labels },
    task: `create a snapshot of ${subject(SERVERS, of)}`,
    signal,
    async lookUp({ agoMs, signal }) {
      const found = await listImages(client, { labels, query: { type: "snapshot" }, signal });
      const since = sentAt(client, agoMs());
      const ours = found.find(
        (image) => image.created_from?.id === of.id && Date.parse(image.created) >= since,
      );
      return ours && (await asReply(client, { kind: IMAGES, found: ours, signal }));
    },
  });
  return {
    resource: readPart(schema, reply["image"], `POST ${path}: image`),
    actions: readActions(reply, `POST ${path}`),
  };
}

/** Deletes a snapshot. Servers that were made of it stay. */
export const deleteImage = deleteOf(IMAGES);

export const protectImage = protectOf(IMAGES);
