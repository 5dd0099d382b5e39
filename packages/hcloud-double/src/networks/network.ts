import type { Project } from "../project/project.ts";
import type { Network, Server } from "../project/records.ts";
import { formatIpv4, ipv4Range } from "./ipv4-range.ts";

export function serversIn({ servers }: Project, { id }: Network): Server[] {
  return servers.all.filter(({ attachments }) => attachments.some(({ network }) => network === id));
}

/** The gateway of all subnets. */
export function gatewayOf({ ipRange }: Network): number {
  return ipv4Range(ipRange).first + 1;
}

export function showNetwork(project: Project, network: Network): object {
  return {
    id: network.id,
    name: network.name,
    ip_range: network.ipRange,
    subnets: network.subnets.map((subnet) => ({
      ...subnet,
      gateway: formatIpv4(gatewayOf(network)),
    })),
    routes: network.routes,
    servers: serversIn(project, network).map(({ id }) => id),
    load_balancers: [],
    protection: { delete: network.isProtected },
    labels: network.labels,
    expose_routes_to_vswitch: network.exposeRoutes,
    created: network.created,
  };
}
