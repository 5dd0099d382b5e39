import { isVmrigError, VmrigError } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { findOrAwaitImage } from "./await-image.ts";
import { cloudArchitecture } from "./cloud-image.ts";
import { openDisk } from "./disk-content.ts";
import { findLeftovers } from "./leftovers.ts";
import type { Publish, PublishOptions } from "./publish.ts";
import { LONGEST_PUBLISH_MS } from "./temporary.ts";
import { uploadDisk } from "./upload-disk.ts";

export interface PublishedImage {
  /** Of the snapshot that servers are made of. */
  readonly id: number;
  readonly digest: string;
}

/**
 * Uploads an image as a snapshot that servers can be made of: a temporary server starts its rescue
 * system, the image is written to its disk and read back, and a snapshot is made of it. The
 * temporary server and its key are removed, also if a step fails; after a kill, the next publish
 * removes them. An image that is published already is only named.
 *
 * @throws VmrigError `CONFIG_INVALID` for an image that no server boots, `IMAGE_MISSING`,
 *   `IMAGE_MISMATCH`, the codes of the API client and of SSH; the signal's reason
 */
export async function publishImage(
  client: Client,
  options: PublishOptions,
): Promise<PublishedImage> {
  const { image, say } = options;
  const { digest } = image;
  const architecture = cloudArchitecture(image);
  using limit = timeLimit(client, options.signal);
  const { signal } = limit;
  const publish: Publish = { ...options, client, architecture, signal };
  // 1. Is it published, or about to be? A snapshot holds the server that it is made of.
  const published = await findOrAwaitImage(publish);
  // 2. Remove what killed publishes left.
  for (const leftover of await findLeftovers(client, { signal })) {
    signal.throwIfAborted();
    say(`image    removing the ${leftover.what}`);
    // It may be protected, or gone. The image can be published all the same.
    await leftover.remove().catch((error: unknown) => say(`image    ${reasonOf(error)}`));
  }
  if (published !== undefined) {
    say(`image    ${image.name} (${digest}) is published already, as image ${published.id}`);
    return { id: published.id, digest };
  }
  // 3. Read the disk, before anything costs money.
  await using content = await openDisk(image.disk, signal);
  // 4. Upload it.
  const { id } = await uploadDisk(publish, content);
  say(`image    published ${image.name} (${digest}) as image ${id}`);
  return { id, digest };
}

const reasonOf = (error: unknown): string => (isVmrigError(error) ? error.summary : String(error));

/** Aborts with the caller's signal, and when a publish may not go on any longer. */
function timeLimit(
  { clock }: Client,
  given: AbortSignal | undefined,
): Disposable & { readonly signal: AbortSignal } {
  const late = new AbortController();
  const over = new AbortController();
  clock.sleep(LONGEST_PUBLISH_MS, over.signal).then(
    () =>
      late.abort(
        new VmrigError("CLOUD_ACTION_FAILED", {
          message: `The image was not published within ${LONGEST_PUBLISH_MS / 60_000} minutes.`,
          hint: "publish it from a computer with a faster connection",
        }),
      ),
    () => {},
  );
  return {
    signal: given === undefined ? late.signal : AbortSignal.any([given, late.signal]),
    [Symbol.dispose]: () => over.abort(),
  };
}
