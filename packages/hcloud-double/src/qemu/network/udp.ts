/** A UDP datagram (RFC 768). */
export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
}

const HEADER_BYTES = 8;

/** Returns undefined if it is not whole. */
export function parseUdp(bytes: Buffer): UdpDatagram | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const length = bytes.readUInt16BE(4);
  if (length < HEADER_BYTES || length > bytes.length) return undefined;
  return {
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    payload: bytes.subarray(HEADER_BYTES, length),
  };
}

/** Without a checksum, which is optional over IPv4. */
export function formatUdp({ sourcePort, destinationPort, payload }: UdpDatagram): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(destinationPort, 2);
  header.writeUInt16BE(HEADER_BYTES + payload.length, 4);
  return Buffer.concat([header, payload]);
}
