import { formatIpv4 } from "../../networks/ipv4-range.ts";
import { writeMac } from "./ethernet.ts";

const TYPES = ["", "discover", "offer", "request", "decline", "ack", "nak"];

/** A message as a client sends it (RFC 2131). */
export function dhcpMessage(
  mac: string,
  options: {
    readonly type: "discover" | "request";
    readonly address?: number;
    readonly server?: number;
  },
): Buffer {
  const bytes = Buffer.alloc(240);
  bytes.set([1, 1, 6, 0]);
  bytes.writeUInt32BE(0x12_34_56_78, 4);
  writeMac(bytes, 28, mac);
  bytes.writeUInt32BE(0x63_82_53_63, 236);
  const address = (code: number, value: number | undefined) => {
    if (value === undefined) return Buffer.alloc(0);
    const option = Buffer.from([code, 4, 0, 0, 0, 0]);
    option.writeUInt32BE(value, 2);
    return option;
  };
  return Buffer.concat([
    bytes,
    Buffer.from([0, 53, 1, TYPES.indexOf(options.type)]),
    address(50, options.address),
    address(54, options.server),
    Buffer.from([255]),
  ]);
}

/** What a client reads in a reply. */
export interface DhcpReply {
  readonly type: string | undefined;
  readonly address: string;
  readonly server: string | undefined;
  readonly netmask: string | undefined;
  readonly mtu: number | undefined;
  readonly routes: readonly string[];
}

export function readDhcpReply(bytes: Buffer): DhcpReply | undefined {
  if (bytes.length < 240) return undefined;
  const options = new Map<number, Buffer>();
  for (let at = 240; bytes[at] !== 255; at += 2 + (bytes[at + 1] ?? 0))
    options.set(bytes[at] ?? 0, bytes.subarray(at + 2, at + 2 + (bytes[at + 1] ?? 0)));
  const address = (value: Buffer | undefined) => value && formatIpv4(value.readUInt32BE(0));
  return {
    type: TYPES[options.get(53)?.[0] ?? 0],
    address: formatIpv4(bytes.readUInt32BE(16)),
    server: address(options.get(54)),
    netmask: address(options.get(1)),
    mtu: options.get(26)?.readUInt16BE(0),
    routes: readRoutes(options.get(121) ?? Buffer.alloc(0)),
  };
}

function readRoutes(bytes: Buffer): string[] {
  const routes: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const prefix = bytes[at] ?? 0;
    const significant = Math.ceil(prefix / 8);
    const destination = Buffer.alloc(4);
    bytes.copy(destination, 0, at + 1, at + 1 + significant);
    const gateway = bytes.readUInt32BE(at + 1 + significant);
    const by = gateway === 0 ? "on-link" : `via ${formatIpv4(gateway)}`;
    routes.push(`${formatIpv4(destination.readUInt32BE(0))}/${prefix} ${by}`);
    at += 5 + significant;
  }
  return routes;
}
