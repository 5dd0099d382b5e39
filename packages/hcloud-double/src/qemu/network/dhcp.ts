import type { Ipv4Range } from "../../networks/ipv4-range.ts";
import { readMac } from "./ethernet.ts";

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

const MESSAGE = { discover: 1, offer: 2, request: 3, ack: 5, nak: 6 } as const;
const OPTION = {
  netmask: 1,
  mtu: 26,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverId: 54,
  routes: 121,
} as const;

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
const FIXED_BYTES = 240;
const COOKIE_OFFSET = 236;
const COOKIE = 0x63_82_53_63;
const LEASE_SECONDS = 86_400;
/** Of the vendor's private networks. */
const MTU = 1450;

/** What a client asks for (RFC 2131). */
export interface DhcpRequest {
  readonly kind: "discover" | "request";
  readonly transaction: number;
  readonly mac: string;
  /** It cannot receive unicast before it has an address. */
  readonly wantsBroadcast: boolean;
  /** The address that it has or had. */
  readonly address: number | undefined;
  /** The server that it answers to. */
  readonly server: number | undefined;
  /** The first 240 bytes. */
  readonly header: Buffer;
}

/** The address of an interface, and what is reached by its gateway. */
export interface DhcpLease {
  readonly address: number;
  readonly gateway: number;
  readonly routes: readonly Ipv4Range[];
}

/** Returns undefined if it is nothing that a server answers. */
export function parseDhcpRequest(bytes: Buffer): DhcpRequest | undefined {
  if (bytes.length < FIXED_BYTES || bytes[0] !== BOOTREQUEST) return undefined;
  if (bytes[1] !== 1 || bytes[2] !== 6 || bytes.readUInt32BE(COOKIE_OFFSET) !== COOKIE)
    return undefined;
  const options = parseOptions(bytes.subarray(FIXED_BYTES));
  const code = options.get(OPTION.messageType)?.[0];
  if (code !== MESSAGE.discover && code !== MESSAGE.request) return undefined;
  const clientAddress = bytes.readUInt32BE(12);
  return {
    kind: code === MESSAGE.discover ? "discover" : "request",
    transaction: bytes.readUInt32BE(4),
    mac: readMac(bytes, 28),
    wantsBroadcast: (bytes.readUInt16BE(10) & 0x80_00) !== 0,
    address: addressOption(options, OPTION.requestedAddress) ?? (clientAddress || undefined),
    server: addressOption(options, OPTION.serverId),
    header: bytes.subarray(0, FIXED_BYTES),
  };
}

function parseOptions(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at] ?? 255;
    if (code === 255) break;
    if (code === 0) {
      at += 1;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    options.set(code, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return options;
}

function addressOption(options: ReadonlyMap<number, Buffer>, code: number): number | undefined {
  const value = options.get(code);
  return value?.length === 4 ? value.readUInt32BE(0) : undefined;
}

/**
 * Returns the reply; undefined if the client chose another server. The address is a /32, and even
 * the gateway is reached by a route (option 121, RFC 3442), as on the vendor's private networks.
 */
export function dhcpReply(request: DhcpRequest, lease: DhcpLease): Buffer | undefined {
  const { kind, address, server, header } = request;
  if (server !== undefined && server !== lease.gateway) return undefined;
  const isRefused = kind === "request" && address !== undefined && address !== lease.address;
  const reply = Buffer.alloc(FIXED_BYTES);
  header.copy(reply);
  reply[0] = BOOTREPLY;
  reply.fill(0, 12, 28);
  reply.fill(0, 44, COOKIE_OFFSET);
  if (isRefused)
    return Buffer.concat([reply, ...options("nak", lease.gateway, []), Buffer.from([255])]);
  reply.writeUInt32BE(lease.address, 16);
  const more = [
    option(OPTION.leaseTime, uint32(LEASE_SECONDS)),
    option(OPTION.netmask, uint32(0xff_ff_ff_ff)),
    option(OPTION.mtu, Buffer.from([MTU >> 8, MTU & 255])),
    option(OPTION.routes, routesOption(lease)),
  ];
  const type = kind === "discover" ? "offer" : "ack";
  return Buffer.concat([reply, ...options(type, lease.gateway, more), Buffer.from([255])]);
}

function options(type: keyof typeof MESSAGE, gateway: number, more: readonly Buffer[]): Buffer[] {
  return [
    option(OPTION.messageType, Buffer.from([MESSAGE[type]])),
    option(OPTION.serverId, uint32(gateway)),
    ...more,
  ];
}

function option(code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([code, value.length]), value]);
}

function routesOption({ gateway, routes }: DhcpLease): Buffer {
  const onLink = { first: gateway, prefix: 32 };
  return Buffer.concat([
    route(onLink, 0),
    ...routes.map((destination) => route(destination, gateway)),
  ]);
}

function route({ first, prefix }: Pick<Ipv4Range, "first" | "prefix">, gateway: number): Buffer {
  const significant = uint32(first).subarray(0, Math.ceil(prefix / 8));
  return Buffer.concat([Buffer.from([prefix]), significant, uint32(gateway)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
