import { canonicalIpv6, isInIpv6Block } from "../networks/cidr.ts";
import type { Location } from "../catalog/offers.ts";
import { ApiError } from "../http/api-error.ts";
import type { Labels } from "../http/labels.ts";
import type { Project } from "../project/project.ts";
import type { IpType, PrimaryIp, Server } from "../project/records.ts";
import { formatIpv4, ipv4Range } from "../networks/ipv4-range.ts";

interface PrimaryIpWish {
  readonly type: IpType;
  readonly location: Location;
  readonly name?: string | undefined;
  readonly labels?: Labels | undefined;
  readonly autoDelete?: boolean | undefined;
  readonly server?: Server | undefined;
}

export function createPrimaryIp(project: Project, wish: PrimaryIpWish): PrimaryIp {
  const { type, location, name, labels = {}, autoDelete = false, server } = wish;
  const identity = project.identity();
  const ip = newAddress(project, type);
  return project.primaryIps.add({
    ...identity,
    name: name ?? `primary_ip-${identity.id}`,
    type,
    ip,
    location,
    server: server?.id ?? null,
    autoDelete,
    isProtected: false,
    pointers: type === "ipv4" ? [{ ip, dns_ptr: defaultPointer(ip) }] : [],
    labels,
    heldBy: new Set(),
  });
}

function newAddress(project: Project, type: IpType): string {
  if (type === "ipv6") return `2001:db8:${project.nextAddress().toString(16)}::/64`;
  const { first, last } = ipv4Range(project.backend.publicIpv4Range);
  const used = new Set(project.primaryIps.all.map(({ ip }) => ip));
  const usable = last - first - 1;
  // An address that was given back is not the next one: a client may remember its host key.
  for (let tries = 0; tries < usable; tries++) {
    const ip = formatIpv4(first + 1 + ((project.nextAddress() - 1) % usable));
    if (!used.has(ip)) return ip;
  }
  throw new ApiError(412, "unavailable", "no public IPv4 address is left");
}

function defaultPointer(ip: string): string {
  return `static.${ip.split(".").toReversed().join(".")}.clients.example`;
}

export function showPrimaryIp(ip: PrimaryIp): object {
  return {
    id: ip.id,
    name: ip.name,
    type: ip.type,
    ip: ip.ip,
    location: ip.location,
    assignee_id: ip.server,
    assignee_type: ip.server === null ? "unassigned" : "server",
    auto_delete: ip.autoDelete,
    blocked: false,
    dns_ptr: ip.pointers,
    protection: { delete: ip.isProtected },
    labels: ip.labels,
    created: ip.created,
  };
}

export function ownsAddress({ type, ip }: PrimaryIp, address: string): boolean {
  return type === "ipv4" ? ip === address : isInIpv6Block(address, ip);
}

/** Sets the name that an address resolves to; without a name, resets it. */
export function changePointer(ip: PrimaryIp, address: string, name: string | undefined): void {
  const key = ip.type === "ipv4" ? address : canonicalIpv6(address);
  const dnsPtr = name ?? (ip.type === "ipv4" ? defaultPointer(ip.ip) : undefined);
  const others = ip.pointers.filter((pointer) => pointer.ip !== key);
  ip.pointers = dnsPtr === undefined ? others : [...others, { ip: key, dns_ptr: dnsPtr }];
}
