import type { CostItem, Costs, Price } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { listImages, type Image } from "../api/images.ts";
import { listPrimaryIps } from "../api/primary-ips.ts";
import type { Cancellable } from "../api/resource/kind.ts";
import { listServers, type Server } from "../api/servers.ts";
import { COPY, IMAGE, IMAGE_NAME, RIG } from "../labels.ts";
import { readPrices, type PriceList } from "./prices.ts";

/**
 * Returns what a rig costs: its servers, whether they run or not, their IPv4 addresses, and the
 * published images that it starts from, which other rigs of the project share.
 */
export async function rigCosts(
  client: Client,
  { rig, image, signal }: Cancellable & { readonly rig: string; readonly image: string },
): Promise<Costs> {
  const labels = { [RIG]: rig };
  const [prices, servers, addresses, images] = await Promise.all([
    readPrices(client, { signal }),
    listServers(client, { labels, signal }),
    listPrimaryIps(client, { labels, signal }),
    listImages(client, { labels: { [IMAGE_NAME]: image }, query: { type: "snapshot" }, signal }),
  ]);
  const ofServers = new Set(servers.map(({ public_net }) => public_net.ipv4?.id));
  return {
    currency: prices.currency,
    items: [
      ...servers.flatMap((server) => serverItems(server, prices)),
      ...addresses
        .filter(({ id, type }) => type === "ipv4" && !ofServers.has(id))
        .map(({ id, name, ip, type, location, labels: { [COPY]: copy } }) => ({
          what: `primary IP ${id} "${name}" (${ip})`,
          ...(copy !== undefined && { copy }),
          ...prices.address(type, location.name),
        })),
      ...images.map((one) => imageItem(one, prices)),
    ],
  };
}

function serverItems(server: Server, prices: PriceList): readonly CostItem[] {
  const { id, name, server_type, location, public_net, labels } = server;
  const copy = labels[COPY];
  const of = copy === undefined ? {} : { copy };
  const own = {
    what: `server ${id} "${name}", ${server_type.name} in ${location.name}`,
    ...of,
    ...prices.server(server),
  };
  if (public_net.ipv4 === null) return [own];
  const address = `IPv4 address ${public_net.ipv4.ip} of server ${id}`;
  return [own, { what: address, ...of, ...prices.address("ipv4", location.name) }];
}

function imageItem(image: Image, prices: PriceList): CostItem {
  const monthly = imagePrice(image, prices);
  const size = image.image_size === null ? "size not known yet" : `${image.image_size} GB`;
  return {
    what: `image ${image.id} "${image.labels[IMAGE_NAME]}" for ${image.architecture}, ${size} (${image.labels[IMAGE] ?? "without a digest"})`,
    ...(monthly !== undefined && { monthly }),
  };
}

/** Returns the price of one month; `undefined` while the image is created. */
export function imagePrice({ image_size }: Image, prices: PriceList): Price | undefined {
  return image_size === null ? undefined : prices.image(image_size);
}
