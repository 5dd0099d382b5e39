/** An Ethernet II frame (IEEE 802.3, without its checksum). */
export interface EthernetFrame {
  readonly destination: string;
  readonly source: string;
  readonly type: number;
  readonly payload: Buffer;
}

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806 } as const;

const HEADER_BYTES = 14;

/** Returns undefined if it is too short. */
export function parseEthernet(bytes: Buffer): EthernetFrame | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  return {
    destination: readMac(bytes, 0),
    source: readMac(bytes, 6),
    type: bytes.readUInt16BE(12),
    payload: bytes.subarray(HEADER_BYTES),
  };
}

export function formatEthernet({ destination, source, type, payload }: EthernetFrame): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  writeMac(header, 0, destination);
  writeMac(header, 6, source);
  header.writeUInt16BE(type, 12);
  return Buffer.concat([header, payload]);
}

export function readMac(bytes: Buffer, offset: number): string {
  return bytes.toString("hex", offset, offset + 6).replaceAll(/(?<=^(?:..)+)(?=..)/g, ":");
}

export function writeMac(bytes: Buffer, offset: number, mac: string): void {
  bytes.write(mac.replaceAll(":", ""), offset, "hex");
}
