import type { Price } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { readPricing } from "../api/pricing.ts";
import type { Cancellable } from "../api/resource/kind.ts";
import type { Server } from "../api/servers.ts";

interface Charge {
  readonly hourly: Price;
  /** The most that a month costs. */
  readonly monthly: Price;
}

/** Prices of what vmrig creates. `undefined` for what the list does not have. */
export interface PriceList {
  readonly currency: string;
  server(server: Pick<Server, "server_type" | "location">): Charge | undefined;
  address(type: "ipv4" | "ipv6", location: string): Charge | undefined;
  /** Of one month. */
  image(gigabytes: number): Price;
}

/** Reads the list of prices, in one request. */
export async function readPrices(client: Client, limit: Cancellable = {}): Promise<PriceList> {
  const { currency, image, server_types, primary_ips } = await readPricing(client, limit);
  const chargeOf = (prices: (typeof server_types)[number]["prices"] = [], location: string) => {
    const found = prices.find((price) => price.location === location);
    if (found === undefined) return undefined;
    return { hourly: amount(found.price_hourly), monthly: amount(found.price_monthly) };
  };
  const perGigabyte = amount(image.price_per_gb_month);
  return {
    currency,
    server: ({ server_type, location }) =>
      chargeOf(server_types.find(({ name }) => name === server_type.name)?.prices, location.name),
    address: (type, location) =>
      chargeOf(primary_ips.find((price) => price.type === type)?.prices, location),
    image: (gigabytes) => ({
      net: perGigabyte.net * gigabytes,
      gross: perGigabyte.gross * gigabytes,
    }),
  };
}

export function addPrices(first: Price, second: Price | undefined): Price {
  if (second === undefined) return first;
  return { net: first.net + second.net, gross: first.gross + second.gross };
}

function amount({ net, gross }: { readonly net: string; readonly gross: string }): Price {
  return { net: Number(net), gross: Number(gross) };
}
