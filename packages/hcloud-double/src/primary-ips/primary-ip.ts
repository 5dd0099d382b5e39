import { canonicalIpv6, isInIpv6Block } from "../networks/cidr.ts";
import type { Location } from "../catalog/offers.ts";
import type { Labels } from "../http/labels.ts";
import type { Project } from "../project/project.ts";
import type { IpType, PrimaryIp, Server } from "../project/records.ts";
import { formatIpv4, ipv4Range } from "../networks/ipv4-range.ts";

/** Reserved for tests of network devices (RFC 2544): no host has such an address. */
const TEST_RANGE = ipv4Range("198.18.0.0/15");

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
  const number = project.nextAddress();
  return type === "ipv4"
    ? formatIpv4(TEST_RANGE.first + number)
    : `2001:db8:${number.toString(16)}::/64`;
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
