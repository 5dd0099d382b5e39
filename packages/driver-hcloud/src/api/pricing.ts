import { z } from "zod";
import { readPart } from "./call/body.ts";
import type { Client } from "./call/client.ts";
import type { Cancellable } from "./resource/kind.ts";

/** Amounts are decimal texts with ten digits after the point. */
const price = z.object({ net: z.string(), gross: z.string() });
const inLocation = z.object({
  location: z.string(),
  price_hourly: price,
  price_monthly: price,
});

const schema = z.object({
  currency: z.string(),
  /** Per GB and month, for snapshots. */
  image: z.object({ price_per_gb_month: price }),
  server_types: z.array(z.object({ name: z.string(), prices: z.array(inLocation) })),
  primary_ips: z.array(z.object({ type: z.string(), prices: z.array(inLocation) })),
});

export type Pricing = z.infer<typeof schema>;

/** Returns the prices of everything that vmrig creates. Hours are billed as soon as they begin. */
export async function readPricing(client: Client, { signal }: Cancellable = {}): Promise<Pricing> {
  const body = await client.call({
    method: "GET",
    path: "/pricing",
    task: "show its prices",
    signal,
  });
  return readPart(schema, body["pricing"], "GET /pricing: pricing");
}
