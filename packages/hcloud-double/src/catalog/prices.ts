import { LOCATIONS } from "./locations.ts";

const VAT_PERCENT = 19;
/** The monthly price caps the hourly one. */
const HOURS_PER_MONTH = 625;
const TRAFFIC_BYTES = 20e12;

function price(net: number): { readonly net: string; readonly gross: string } {
  const gross = net * (1 + VAT_PERCENT / 100);
  return { net: net.toFixed(10), gross: gross.toFixed(10) };
}

/** Prices in EUR of a server type in its locations. */
export function serverPrices(locations: readonly string[], monthly: number): object[] {
  return locations.map((location) => ({
    location,
    price_hourly: price(monthly / HOURS_PER_MONTH),
    price_monthly: price(monthly),
    included_traffic: TRAFFIC_BYTES,
    price_per_tb_traffic: price(1),
  }));
}

function addressPrices(type: string, monthly: number): object {
  const prices = LOCATIONS.map(({ name: location }) => ({
    location,
    price_hourly: price(monthly / HOURS_PER_MONTH),
    price_monthly: price(monthly),
  }));
  return { type, prices };
}

/** The reply of `/pricing`. */
export function pricing(
  serverTypes: readonly {
    readonly id: number;
    readonly name: string;
    readonly prices: readonly object[];
  }[],
): object {
  return {
    currency: "EUR",
    vat_rate: VAT_PERCENT.toFixed(6),
    image: { price_per_gb_month: price(0.011) },
    floating_ip: { price_monthly: price(3) },
    floating_ips: [],
    primary_ips: [addressPrices("ipv4", 0.5), addressPrices("ipv6", 0)],
    server_backup: { percentage: "20.0000000000" },
    server_types: serverTypes.map(({ id, name, prices }) => ({ id, name, prices })),
    load_balancer_types: [],
    volume: { price_per_gb_month: price(0.044) },
  };
}
