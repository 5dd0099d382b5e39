import type { Action } from "../actions/action.ts";
import { invalidField, limitExceeded, unprocessable } from "../http/api-error.ts";
import type { Project } from "../project/project.ts";
import type { Attachment, Network, Server, Subnet } from "../project/records.ts";
import {
  containsAddress,
  formatIpv4,
  ipv4Range,
  overlaps,
  parseIpv4,
  parseIpv4Range,
  PUBLIC_GATEWAY,
} from "./ipv4-range.ts";
import { changeNetworks } from "../servers/server.ts";
import { gatewayOf, serversIn } from "./network.ts";

const MAX_NETWORKS = 3;

export interface AttachmentWish {
  readonly ip?: string | undefined;
  readonly ip_range?: string | undefined;
  readonly alias_ips?: readonly string[] | undefined;
}

/** Finds addresses for a server in a network. */
export function planAttachment(
  project: Project,
  server: Server,
  network: Network,
  wish: AttachmentWish = {},
): Attachment {
  requireRoom(project, server, network);
  const { ip: wanted, ip_range: ipRange, alias_ips: aliases = [] } = wish;
  const range = parseIpv4Range(ipRange);
  if (wanted !== undefined && range && !containsAddress(range, parseIpv4(wanted) ?? -1))
    throw invalidField("ip", `is not in ${ipRange}`);
  const subnets = subnetsFor(server, network).filter(
    (subnet) => ipRange === undefined || subnet.ip_range === ipRange,
  );
  if (subnets.length === 0) throw noSubnet(network, server);
  const used = usedAddresses(project, network);
  if (wanted !== undefined) take(network, server, used, wanted, "ip");
  const ip = wanted ?? firstFreeAddress(subnets, used);
  if (ip === undefined) throw noSubnet(network, server);
  used.add(parseIpv4(ip) ?? 0);
  for (const alias of aliases) take(network, server, used, alias, "alias_ips");
  const mac = macAddress(server.id * (MAX_NETWORKS + 1) + server.attachments.length);
  return { network: network.id, ip, aliases, mac, isPending: true };
}

function requireRoom(project: Project, { id, attachments }: Server, network: Network): void {
  const others = attachments.map((other) => project.networks.byId(other.network));
  if (others.includes(network))
    throw unprocessable("server_already_attached", `server ${id} is in network ${network.id}`);
  if (others.length >= MAX_NETWORKS) throw limitExceeded("networks_per_server");
  const range = ipv4Range(network.ipRange);
  if (others.some((other) => other && overlaps(ipv4Range(other.ipRange), range)))
    throw unprocessable("networks_overlap", `network ${network.id} overlaps another one`);
}

function noSubnet(network: Network, server: Server): Error {
  const what = `network ${network.id} has no subnet with free addresses for server ${server.id}`;
  return unprocessable("no_subnet_available", what);
}

function subnetsFor({ location }: Server, { subnets }: Network): Subnet[] {
  return subnets.filter(
    ({ type, network_zone }) => type !== "vswitch" && network_zone === location.network_zone,
  );
}

/** Addresses in use; an alias may move within the attachment `except`. */
export function usedAddresses(
  project: Project,
  network: Network,
  except?: Attachment,
): Set<number> {
  const attachments = serversIn(project, network)
    .flatMap((server) => server.attachments)
    .filter((other) => other.network === network.id && other !== except);
  return new Set([
    gatewayOf(network),
    PUBLIC_GATEWAY,
    ...attachments.flatMap(({ ip, aliases }) =>
      [ip, ...aliases].map((text) => parseIpv4(text) ?? 0),
    ),
  ]);
}

/** Adds an address to the used ones. @throws ApiError 422 if no server can use it */
export function take(
  network: Network,
  server: Server,
  used: Set<number>,
  text: string,
  field: string,
): void {
  const address = parseIpv4(text);
  if (address === undefined) throw invalidField(field, `${text} is not an IPv4 address`);
  const isUsable = subnetsFor(server, network).some((subnet) => {
    const { first, last } = ipv4Range(subnet.ip_range);
    return address > first && address < last;
  });
  if (!isUsable || used.has(address))
    throw unprocessable("ip_not_available", `${text} is not available in network ${network.id}`);
  used.add(address);
}

/** The first and the last address of a subnet are never used. */
function firstFreeAddress(
  subnets: readonly Subnet[],
  used: ReadonlySet<number>,
): string | undefined {
  for (const { first, last } of subnets.map((subnet) => ipv4Range(subnet.ip_range)))
    for (let address = first + 1; address < last; address++)
      if (!used.has(address)) return formatIpv4(address);
  return undefined;
}

function macAddress(number: number): string {
  const hex = number.toString(16).padStart(6, "0").slice(-6);
  return `86:00:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
}

/** Attaches a server once `after` have ended. The addresses are taken from now on. */
export function attach(
  project: Project,
  server: Server,
  attachment: Attachment,
  after: readonly Action[] = [],
): Action {
  const without = () => server.attachments.filter((other) => other !== attachment);
  server.attachments = [...without(), attachment];
  return project.actions.start(
    "attach_to_network",
    attachmentResources(server, attachment.network),
    {
      holds: [server],
      after,
      work: () => changeNetworks(project, [server]),
      succeed: () => void (attachment.isPending = false),
      fail: () => void (server.attachments = without()),
    },
  );
}

export function attachmentResources({ id }: Server, network: number): Action["resources"] {
  return [
    { id, type: "server" },
    { id: network, type: "network" },
  ];
}
