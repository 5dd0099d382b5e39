import { VmrigError } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { readPricing } from "../api/pricing.ts";
import type { Cancellable } from "../api/resource/kind.ts";
import { listServerTypes } from "../api/server-types.ts";
import type { Architecture } from "./cloud-image.ts";

/** A server type in a location. */
export interface Offer {
  readonly serverType: string;
  readonly location: string;
}

export interface OfferQuery extends Cancellable {
  readonly architecture: Architecture;
  readonly diskBytes: number;
  /** Only this location. @defaultValue any */
  readonly location?: string | undefined;
  /** Only this server type. @defaultValue any */
  readonly serverType?: string | undefined;
}

/**
 * Returns the server types that fit and have room, best first: the smallest disk, because servers of
 * smaller disks cannot be made of the snapshot; then the lowest price.
 *
 * @throws VmrigError `CLOUD_REFUSED` if none has room
 */
export async function findOffers(client: Client, query: OfferQuery): Promise<readonly Offer[]> {
  const { architecture, diskBytes, signal } = query;
  const pricing = await readPricing(client, { signal });
  const types = await listServerTypes(client, { signal });
  const offers = types
    .filter((type) => type.architecture === architecture && type.disk * 1e9 >= diskBytes)
    .filter(({ name }) => query.serverType === undefined || name === query.serverType)
    .flatMap(({ name, disk, locations }) =>
      locations
        .filter(({ available, deprecation }) => available && !deprecation)
        .filter((place) => query.location === undefined || place.name === query.location)
        .map((place) => ({
          serverType: name,
          location: place.name,
          disk,
          price: hourlyPrice(pricing, name, place.name),
        })),
    );
  if (offers.length > 0)
    return offers.toSorted((one, other) => one.disk - other.disk || one.price - other.price);
  throw new VmrigError("CLOUD_REFUSED", {
    message: `Hetzner Cloud has no room for a temporary server (${query.serverType ?? `any type of ${architecture}`} in ${query.location ?? "any location"}).`,
    hint: "name another server type or location, or try again later",
  });
}

function hourlyPrice(
  { server_types }: Awaited<ReturnType<typeof readPricing>>,
  serverType: string,
  location: string,
): number {
  const price = server_types
    .find(({ name }) => name === serverType)
    ?.prices.find((one) => one.location === location)?.price_hourly.net;
  return price === undefined ? Number.POSITIVE_INFINITY : Number(price);
}
