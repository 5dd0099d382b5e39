/** An IPv4 packet (RFC 791). Addresses are numbers. */
export interface Ipv4Packet {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly payload: Buffer;
}

export const UDP = 17;

const HEADER_BYTES = 20;
const TTL = 64;
const TTL_OFFSET = 8;
const CHECKSUM_OFFSET = 10;

/** Returns undefined if it is not a whole IPv4 packet, or its checksum is wrong. */
export function parseIpv4Packet(bytes: Buffer): Ipv4Packet | undefined {
  const headerBytes = ((bytes[0] ?? 0) & 15) * 4;
  if ((bytes[0] ?? 0) >> 4 !== 4 || headerBytes < HEADER_BYTES) return undefined;
  if (bytes.length < headerBytes || checksum(bytes.subarray(0, headerBytes)) !== 0)
    return undefined;
  const length = bytes.readUInt16BE(2);
  if (length < headerBytes || length > bytes.length) return undefined;
  return {
    protocol: bytes.readUInt8(9),
    source: bytes.readUInt32BE(12),
    destination: bytes.readUInt32BE(16),
    payload: bytes.subarray(headerBytes, length),
  };
}

export function formatIpv4Packet(packet: Ipv4Packet): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = 0x45;
  header.writeUInt16BE(HEADER_BYTES + packet.payload.length, 2);
  header[TTL_OFFSET] = TTL;
  header[9] = packet.protocol;
  header.writeUInt32BE(packet.source, 12);
  header.writeUInt32BE(packet.destination, 16);
  header.writeUInt16BE(checksum(header), CHECKSUM_OFFSET);
  return Buffer.concat([header, packet.payload]);
}

/** Returns the packet as a router passes it on; undefined if its time to live has ended. */
export function forwardedPacket(bytes: Buffer): Buffer | undefined {
  const ttl = bytes[TTL_OFFSET] ?? 0;
  if (ttl <= 1) return undefined;
  const copy = Buffer.from(bytes);
  copy[TTL_OFFSET] = ttl - 1;
  copy.writeUInt16BE(0, CHECKSUM_OFFSET);
  copy.writeUInt16BE(checksum(copy.subarray(0, ((copy[0] ?? 0) & 15) * 4)), CHECKSUM_OFFSET);
  return copy;
}

/** The Internet checksum (RFC 1071). Over bytes that contain their correct checksum, it is 0. */
export function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2)
    sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xff_ff) sum = (sum & 0xff_ff) + (sum >>> 16);
  return ~sum & 0xff_ff;
}
