import { z } from "zod";
import { NETWORK_ZONES } from "../catalog/locations.ts";
import { invalidField } from "../http/api-error.ts";
import { id } from "../http/body.ts";
import type { Network, NetworkRoute, Subnet } from "../project/records.ts";
import {
  contains,
  containsAddress,
  firstFree,
  formatIpv4Range,
  ipv4Range,
  isPrivate,
  overlaps,
  parseIpv4,
  parseIpv4Range,
  PUBLIC_GATEWAY,
  type Ipv4Range,
} from "./ipv4-range.ts";

export type Layout = Pick<Network, "ipRange" | "subnets" | "routes">;

/** Smaller networks are refused. */
const MAX_NETWORK_PREFIX = 24;
const MAX_SUBNET_PREFIX = 30;
const DEFAULT_SUBNET_PREFIX = 24;

export const subnetBody = z.object({
  type: z.enum(["cloud", "server", "vswitch"]),
  network_zone: z.enum(NETWORK_ZONES),
  ip_range: z.string().optional(),
  vswitch_id: id.optional(),
});

export const routeBody = z.object({ destination: z.string(), gateway: z.string() });

/** Checks the range of a network. */
export function requireNetworkRange(text: string): Ipv4Range {
  const range = requireRange(text, "ip_range");
  if (!isPrivate(range)) throw invalidField("ip_range", "must be a private range");
  if (range.prefix > MAX_NETWORK_PREFIX)
    throw invalidField("ip_range", `must be a /${MAX_NETWORK_PREFIX} or larger`);
  return range;
}

function requireRange(text: string, field: string): Ipv4Range {
  const range = parseIpv4Range(text);
  if (range === undefined) throw invalidField(field, "must be an IPv4 range without host bits");
  return range;
}

/** Returns the subnet that a body asks for. */
export function planSubnet(layout: Layout, body: z.output<typeof subnetBody>): Subnet {
  if ((body.type === "vswitch") !== (body.vswitch_id !== undefined))
    throw invalidField("vswitch_id", "is required for type vswitch, and only there");
  const network = ipv4Range(layout.ipRange);
  const taken = [
    ...layout.subnets.map((subnet) => ipv4Range(subnet.ip_range)),
    ...layout.routes.map(({ destination }) => ipv4Range(destination)).filter(isPrivate),
  ];
  const range =
    body.ip_range === undefined
      ? firstFree(network, DEFAULT_SUBNET_PREFIX, taken)
      : requireRange(body.ip_range, "ip_range");
  if (range === undefined) throw invalidField("ip_range", "the network has no free range");
  if (!contains(network, range)) throw invalidField("ip_range", "is not in the network");
  if (range.prefix > MAX_SUBNET_PREFIX)
    throw invalidField("ip_range", `must be a /${MAX_SUBNET_PREFIX} or larger`);
  if (taken.some((other) => overlaps(other, range)))
    throw invalidField("ip_range", "overlaps a subnet or the destination of a route");
  return {
    type: body.type,
    network_zone: body.network_zone,
    ip_range: formatIpv4Range(range),
    vswitch_id: body.vswitch_id ?? null,
  };
}

/** Returns the route that a body asks for. */
export function planRoute(layout: Layout, body: z.output<typeof routeBody>): NetworkRoute {
  const destination = requireRange(body.destination, "destination");
  const isDefault = destination.prefix === 0;
  if (!isDefault && !isPrivate(destination))
    throw invalidField("destination", "must be private, or 0.0.0.0/0");
  const subnets = layout.subnets.map((subnet) => ({
    ...subnet,
    range: ipv4Range(subnet.ip_range),
  }));
  const routes = layout.routes.map((route) => ipv4Range(route.destination));
  // A default route overlaps everything, and only another default route excludes it.
  const clashes = isDefault
    ? routes.some(({ prefix }) => prefix === 0)
    : containsAddress(destination, PUBLIC_GATEWAY) ||
      [...routes.filter(({ prefix }) => prefix > 0), ...subnets.map(({ range }) => range)].some(
        (other) => overlaps(other, destination),
      );
  if (clashes) throw invalidField("destination", "overlaps a route, a subnet or 172.31.1.1");
  const gateway = parseIpv4(body.gateway);
  const network = ipv4Range(layout.ipRange);
  if (gateway === undefined || !containsAddress(network, gateway))
    throw invalidField("gateway", "must be an address of the network");
  const isReserved =
    gateway === network.first + 1 ||
    gateway === PUBLIC_GATEWAY ||
    subnets.some(({ type, range }) => type === "vswitch" && containsAddress(range, gateway));
  if (isReserved) throw invalidField("gateway", "is reserved, or in the subnet of a vSwitch");
  return body;
}
