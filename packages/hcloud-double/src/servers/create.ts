import { z } from "zod";
import type { Action } from "../actions/action.ts";
import type { Location } from "../catalog/offers.ts";
import { firewallsOfNewServer } from "../firewalls/targets.ts";
import { applyFirewall, followSelectors } from "../firewalls/firewall.ts";
import { ApiError, invalidField, limitExceeded, unprocessable } from "../http/api-error.ts";
import { check, hostname, id, labels, reference, userData } from "../http/body.ts";
import { findImage } from "../images/image.ts";
import { attach, planAttachment } from "../networks/attachments.ts";
import { placementGroupWithRoom } from "../placement-groups/placement-group.ts";
import { createPrimaryIp } from "../primary-ips/primary-ip.ts";
import type { Project } from "../project/project.ts";
import type { Firewall, IpType, Network, PrimaryIp, Server } from "../project/records.ts";
import { starts } from "./boot.ts";
import { newPassword, serverResources, showServer, toBackendServer } from "./server.ts";

const IP_TYPES = ["ipv4", "ipv6"] as const;

const serverBody = z.object({
  name: hostname,
  server_type: reference,
  image: reference,
  location: reference.optional(),
  datacenter: z.undefined({ error: "was removed: use location" }).optional(),
  ssh_keys: z.array(reference).default([]),
  user_data: userData.default(""),
  start_after_create: z.boolean().default(true),
  labels: labels.default({}),
  networks: z.array(id).default([]),
  firewalls: z.array(z.object({ firewall: id })).default([]),
  volumes: z.array(id).max(0, "volume not found").optional(),
  placement_group: id.optional(),
  public_net: z
    .object({
      enable_ipv4: z.boolean().default(true),
      enable_ipv6: z.boolean().default(true),
      ipv4: id.optional(),
      ipv6: id.optional(),
    })
    .prefault({}),
});

type Wish = z.output<typeof serverBody>;

/** Creates a server and starts the actions that make it run, one after the other. */
export function createServer(project: Project, body: object): object {
  const wish = check(serverBody, body);
  // 1. Refuse what cannot be: nothing has changed yet.
  const order = checkOrder(project, wish);
  // 2. Add the server with its addresses.
  const server = newServer(project, wish, order);
  const attachments = order.networks.map((network) => {
    const attachment = planAttachment(project, server, network);
    server.attachments = [...server.attachments, attachment];
    return attachment;
  });
  project.servers.add(server);
  for (const type of IP_TYPES) giveAddress(project, server, type, wish, order.ips[type]);
  for (const firewall of order.firewalls)
    firewall.targets = [...firewall.targets, { server: server.id }];
  // 3. Start the actions.
  const action = project.actions.start("create_server", serverResources(server), {
    holds: [server],
    work: () => project.backend.writeImage(toBackendServer(project, server)),
    succeed: () => void (server.status = "off"),
  });
  const next: Action[] = [];
  const after = () => [next.at(-1) ?? action];
  if (wish.start_after_create)
    next.push(
      project.actions.start("start_server", serverResources(server), {
        holds: [server],
        after: after(),
        begin: () => void (server.status = "starting"),
        ...starts(project, server, () => toBackendServer(project, server)),
      }),
    );
  for (const attachment of attachments) next.push(attach(project, server, attachment, after()));
  for (const firewall of order.firewalls)
    next.push(applyFirewall(project, firewall, server, { after: after() }));
  followSelectors(project, [server]);
  return {
    server: showServer(project, server),
    action,
    next_actions: next,
    root_password: server.rootPassword,
  };
}

interface Order extends Pick<Server, "type" | "image" | "location" | "authorizedKeys"> {
  readonly networks: readonly Network[];
  readonly firewalls: readonly Firewall[];
  readonly ips: Readonly<Record<IpType, PrimaryIp | undefined>>;
}

function checkOrder(project: Project, wish: Wish): Order {
  const { catalog, servers } = project;
  const { enable_ipv4, enable_ipv6 } = wish.public_net;
  const isPublic = enable_ipv4 || enable_ipv6;
  // Terraform's provider creates a private server without a network, attaches it and starts it.
  if (!isPublic && wish.networks.length === 0 && wish.start_after_create)
    throw invalidField("public_net", "a server needs a public address or a network");
  const type = catalog.serverTypes.find(wish.server_type, "server_type");
  const location =
    wish.location === undefined
      ? catalog.pickLocation(type)
      : catalog.locations.find(wish.location, "location");
  catalog.requireOffered(type, location, project.now());
  const order = {
    type,
    location,
    image: findImage(project, wish.image, type),
    authorizedKeys: wish.ssh_keys.map((key) => project.sshKeys.find(key, "ssh_keys").public_key),
    networks: wish.networks.map((network) => project.networks.find(network, "networks")),
    firewalls: firewallsOfNewServer(
      project,
      wish.firewalls.map(({ firewall }) => firewall),
      { isPublic },
    ),
    ips: {
      ipv4: givenAddress(project, "ipv4", wish, location),
      ipv6: givenAddress(project, "ipv6", wish, location),
    },
  };
  servers.requireFree(wish.name);
  if (wish.placement_group !== undefined) placementGroupWithRoom(project, wish.placement_group);
  if (servers.all.length >= project.serverLimit) throw limitExceeded("server");
  return order;
}

/** The primary IP that the body names. */
function givenAddress(
  { primaryIps }: Project,
  type: IpType,
  { public_net }: Wish,
  location: Location,
): PrimaryIp | undefined {
  const given = public_net[type];
  if (given === undefined || !public_net[`enable_${type}`]) return undefined;
  const ip = primaryIps.byId(given);
  if (ip === undefined)
    throw new ApiError(404, "primary_ip_not_found", `primary IP ${given} does not exist`);
  if (ip.type !== type)
    throw new ApiError(412, "primary_ip_version_mismatch", `primary IP ${given} is ${ip.type}`);
  if (ip.location !== location)
    throw unprocessable(
      "primary_ip_datacenter_mismatch",
      `primary IP ${given} is in ${ip.location.name}`,
    );
  if (ip.server !== null)
    throw unprocessable("primary_ip_assigned", `primary IP ${given} is assigned`);
  return ip;
}

function newServer(
  project: Project,
  wish: Wish,
  { type, image, location, authorizedKeys }: Order,
): Server {
  return {
    ...project.identity(),
    name: wish.name,
    status: "initializing",
    type,
    image,
    location,
    labels: wish.labels,
    disk: type.disk,
    protection: { delete: false, rebuild: false },
    attachments: [],
    firewalls: [],
    placementGroup: wish.placement_group ?? null,
    backupWindow: null,
    userData: wish.user_data,
    authorizedKeys,
    rootPassword: authorizedKeys.length > 0 ? null : newPassword(),
    rescue: null,
    iso: null,
    bootedFrom: null,
    boots: 0,
    heldBy: new Set(),
  };
}

function giveAddress(
  project: Project,
  server: Server,
  type: IpType,
  { public_net }: Wish,
  given: PrimaryIp | undefined,
): void {
  if (given !== undefined) given.server = server.id;
  else if (public_net[`enable_${type}`])
    createPrimaryIp(project, { type, location: server.location, autoDelete: true, server });
}
