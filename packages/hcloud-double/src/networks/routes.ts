import { z } from "zod";
import type { Action } from "../actions/action.ts";
import { invalidField, notFound, protectedFrom, unprocessable } from "../http/api-error.ts";
import { assignDefined, check, labels, name, rename } from "../http/body.ts";
import { list } from "../http/list.ts";
import { created, noContent, ok, route, type Route } from "../http/route.ts";
import { changeNetworks } from "../servers/server.ts";
import { requireIdle, type Project } from "../project/project.ts";
import type { Network, Server, Subnet } from "../project/records.ts";
import { containsAddress, formatIpv4Range, ipv4Range, parseIpv4 } from "./ipv4-range.ts";
import { planRoute, planSubnet, requireNetworkRange, routeBody, subnetBody } from "./layout.ts";
import { serversIn, showNetwork } from "./network.ts";

const networkBody = z.object({
  name,
  ip_range: z.string(),
  subnets: z.array(subnetBody).default([]),
  routes: z.array(routeBody).default([]),
  expose_routes_to_vswitch: z.boolean().default(false),
  labels: labels.default({}),
});

export function networkRoutes(project: Project): Route[] {
  const { networks } = project;
  const show = (network: Network) => showNetwork(project, network);
  return [
    route("GET", "/networks", ({ query }) => list("networks", networks.all.map(show), query)),
    route("GET", "/networks/:id", ({ ids: [id] }) => ok({ network: show(networks.get(id)) })),
    route("POST", "/networks", ({ body }) => created({ network: show(create(project, body)) })),
    route("PUT", "/networks/:id", ({ ids: [id], body }) => {
      const network = networks.get(id);
      const wanted = check(
        rename.extend({ expose_routes_to_vswitch: z.boolean().optional() }),
        body,
      );
      requireIdle(`network ${network.id}`, network);
      networks.requireFree(wanted.name, network);
      const { name, labels, expose_routes_to_vswitch: exposeRoutes } = wanted;
      return ok({ network: show(assignDefined(network, { name, labels, exposeRoutes })) });
    }),
    route("DELETE", "/networks/:id", ({ ids: [id] }) => {
      const network = networks.get(id);
      if (network.isProtected) throw protectedFrom(`network ${network.id}`, "deletion");
      // Its servers do not keep it: they are detached.
      const members = serversIn(project, network);
      for (const server of members)
        server.attachments = server.attachments.filter((other) => other.network !== network.id);
      networks.delete(network);
      changeNetworks(project, members).catch(() => {});
      return noContent();
    }),
    ...actions(project),
  ];
}

function create(project: Project, body: object): Network {
  const { name, ip_range, labels, ...wanted } = check(networkBody, body);
  const layout = {
    ipRange: formatIpv4Range(requireNetworkRange(ip_range)),
    subnets: [] as Network["subnets"],
    routes: [] as Network["routes"],
  };
  for (const subnet of wanted.subnets)
    layout.subnets = [...layout.subnets, planSubnet(layout, subnet)];
  for (const wantedRoute of wanted.routes)
    layout.routes = [...layout.routes, planRoute(layout, wantedRoute)];
  project.networks.requireFree(name);
  return project.networks.add({
    ...project.identity(),
    name,
    ...layout,
    isProtected: false,
    exposeRoutes: wanted.expose_routes_to_vswitch,
    labels,
    heldBy: new Set(),
  });
}

function actions(project: Project): Route[] {
  /** `prepare` checks the body. What it returns is done when the action ends. */
  const action = (command: string, prepare: (network: Network, body: object) => () => void) =>
    route("POST", `/networks/:id/actions/${command}`, ({ ids: [id], body }) => {
      const network = project.networks.get(id);
      requireIdle(`network ${network.id}`, network);
      const succeed = prepare(network, body);
      return created({ action: start(project, command, network, succeed) });
    });
  return [
    action("add_subnet", (network, body) => {
      const subnet = planSubnet(network, check(subnetBody, body));
      return () => void (network.subnets = [...network.subnets, subnet]);
    }),
    action("delete_subnet", (network, body) => {
      const { ip_range } = check(z.object({ ip_range: z.string() }), body);
      const subnet = network.subnets.find((other) => other.ip_range === ip_range);
      if (subnet === undefined) throw notFound(`subnet ${ip_range} of network ${network.id}`);
      // The Terraform provider tries again if it finds "servers are attached" in the message.
      if (serversIn(project, network).some((server) => isInSubnet(server, network, subnet)))
        throw unprocessable("service_error", `servers are attached to subnet ${ip_range}`);
      return () => void (network.subnets = network.subnets.filter((other) => other !== subnet));
    }),
    action("add_route", (network, body) => {
      const added = planRoute(network, check(routeBody, body));
      return () => void (network.routes = [...network.routes, added]);
    }),
    action("delete_route", (network, body) => {
      const { destination, gateway } = check(routeBody, body);
      const found = network.routes.find(
        (other) => other.destination === destination && other.gateway === gateway,
      );
      if (found === undefined) throw notFound(`route to ${destination} by ${gateway}`);
      return () => void (network.routes = network.routes.filter((other) => other !== found));
    }),
    action("change_ip_range", (network, body) => {
      const range = requireNetworkRange(check(z.object({ ip_range: z.string() }), body).ip_range);
      const old = ipv4Range(network.ipRange);
      if (range.first !== old.first || range.prefix > old.prefix)
        throw invalidField("ip_range", "must start where it did, and must not shrink");
      return () => void (network.ipRange = formatIpv4Range(range));
    }),
    action("change_protection", (network, body) => {
      const wanted = check(z.object({ delete: z.boolean().optional() }), body);
      return () => void (network.isProtected = wanted.delete ?? network.isProtected);
    }),
  ];
}

function start(project: Project, command: string, network: Network, succeed: () => void): Action {
  const resources = [{ id: network.id, type: "network" }];
  return project.actions.start(command, resources, {
    holds: [network],
    succeed: () => {
      succeed();
      changeNetworks(project, serversIn(project, network)).catch(() => {});
    },
  });
}

function isInSubnet({ attachments }: Server, network: Network, subnet: Subnet): boolean {
  const range = ipv4Range(subnet.ip_range);
  return attachments
    .filter((attachment) => attachment.network === network.id)
    .flatMap(({ ip, aliases }) => [ip, ...aliases])
    .some((ip) => containsAddress(range, parseIpv4(ip) ?? -1));
}
