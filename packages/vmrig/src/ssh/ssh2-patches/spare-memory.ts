import { randomBytes, type KeyObject } from "node:crypto";
import type { Socket } from "node:net";
import { releaseBuffer } from "./release-buffer.ts";

export interface Cipher {
  _encKey?: Uint8Array | KeyObject;
  readonly _encSSLName?: string;
  _onWrite: (piece: Buffer) => void;
  allocPacket(payloadBytes: number): Buffer;
}

/** A packet of at least this size is part of a large transfer. */
const LARGE_BYTES = 16 * 1024;
/** Maximum size of a packet: 32 KiB of data and its framing. */
const MAX_BYTES = 33 * 1024;

const BLOCK_BYTES = 16;

/**
 * Reuses memory for large packets. ssh2 allocates memory for each packet, and again for the
 * encrypted packet. With this patch, all large packets are built in one buffer, and the encrypted
 * packet is freed after it is written.
 */
export function spareMemory(cipher: Cipher, socket: Socket): void {
  const place = Buffer.allocUnsafeSlow(MAX_BYTES);
  // One padding for all packets: its content does not matter, because the whole packet is encrypted
  // and authenticated.
  const padding = randomBytes(2 * BLOCK_BYTES);
  const ordinary = cipher.allocPacket.bind(cipher);

  // RFC 4253 §6: packet length, padding length, payload, 4 bytes of padding or more. RFC 5647 §7.2:
  // everything but the packet length is a multiple of the block size.
  cipher.allocPacket = (payloadBytes) => {
    if (payloadBytes < LARGE_BYTES || payloadBytes > MAX_BYTES - 3 * BLOCK_BYTES)
      return ordinary(payloadBytes);
    const paddingBytes = 4 + BLOCK_BYTES - 1 - ((payloadBytes + 4) % BLOCK_BYTES);
    const packet = place.subarray(0, 5 + payloadBytes + paddingBytes);
    packet.writeUInt32BE(packet.length - 4);
    packet[4] = paddingBytes;
    padding.copy(packet, 5 + payloadBytes, 0, paddingBytes);
    return packet;
  };

  cipher._onWrite = (piece) => {
    if (!socket.writable) return;
    if (piece.buffer === place.buffer) socket.write(Buffer.from(piece));
    else if (piece.length < LARGE_BYTES) socket.write(piece);
    else socket.write(piece, () => releaseBuffer(piece));
  };
}
