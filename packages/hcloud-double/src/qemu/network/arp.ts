import { readMac, writeMac } from "./ethernet.ts";

/** An ARP packet for IPv4 over Ethernet (RFC 826). Addresses are numbers. */
export interface ArpPacket {
  readonly operation: "request" | "reply";
  readonly senderMac: string;
  readonly senderIp: number;
  readonly targetMac: string;
  readonly targetIp: number;
}

const OPERATIONS = { request: 1, reply: 2 } as const;
/** Ethernet, IPv4, and the lengths of their addresses. */
const PREFIX = Buffer.from([0, 1, 8, 0, 6, 4]);
const BYTES = 28;

/** Returns undefined if it is not ARP for IPv4 over Ethernet. */
export function parseArp(bytes: Buffer): ArpPacket | undefined {
  if (bytes.length < BYTES || !bytes.subarray(0, PREFIX.length).equals(PREFIX)) return undefined;
  const code = bytes.readUInt16BE(6);
  if (code !== OPERATIONS.request && code !== OPERATIONS.reply) return undefined;
  return {
    operation: code === OPERATIONS.request ? "request" : "reply",
    senderMac: readMac(bytes, 8),
    senderIp: bytes.readUInt32BE(14),
    targetMac: readMac(bytes, 18),
    targetIp: bytes.readUInt32BE(24),
  };
}

export function formatArp(packet: ArpPacket): Buffer {
  const bytes = Buffer.alloc(BYTES);
  PREFIX.copy(bytes);
  bytes.writeUInt16BE(OPERATIONS[packet.operation], 6);
  writeMac(bytes, 8, packet.senderMac);
  bytes.writeUInt32BE(packet.senderIp, 14);
  writeMac(bytes, 18, packet.targetMac);
  bytes.writeUInt32BE(packet.targetIp, 24);
  return bytes;
}
