import { createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import type { Socket } from "node:net";
import type { Client } from "ssh2";
import { releaseBuffer } from "./release-buffer.ts";

/** What ssh2 1.17 has inside, without its native addon. */
interface Inside {
  readonly _protocol?: {
    readonly _cipher?: Cipher;
    readonly _decipher?: { _decipherKey?: Uint8Array | KeyObject };
  };
}

interface Cipher {
  _encKey?: Uint8Array | KeyObject;
  readonly _encSSLName?: string;
  _onWrite: (piece: Buffer) => void;
  allocPacket(payloadBytes: number): Buffer;
}

/**
 * ssh2 makes a cipher for each packet, of a key that is bytes. Node.js 24 takes 50 µs for that, a
 * command's ten packets a sixth of its time; of a key object it takes 11. To be called when a key
 * exchange is done. An ssh2 that has no such keys is left as it is.
 */
export function useFastCiphers(client: Client, socket: Socket): void {
  const { _cipher: cipher, _decipher: decipher } = (client as Inside)._protocol ?? {};
  if (decipher?._decipherKey instanceof Uint8Array)
    decipher._decipherKey = createSecretKey(decipher._decipherKey);
  if (!(cipher?._encKey instanceof Uint8Array)) return;
  cipher._encKey = createSecretKey(cipher._encKey);
  if (cipher._encSSLName?.endsWith("-gcm") === true) spareMemory(cipher, socket);
}

/**
 * From here on a packet is part of something large. As much as a packet has at most: 32 KiB of data
 * and what is around it.
 */
const LARGE_BYTES = 16 * 1024;
const MAX_BYTES = 33 * 1024;

const BLOCK_BYTES = 16;

/**
 * ssh2 takes new memory for each packet, and once more for it encrypted. Large ones are made in the
 * same place, one after the other, and what was encrypted is given back when it is written.
 */
function spareMemory(cipher: Cipher, socket: Socket): void {
  const place = Buffer.allocUnsafeSlow(MAX_BYTES);
  // Nothing depends on it where the whole packet is sealed: once for all packets.
  const padding = randomBytes(2 * BLOCK_BYTES);
  const ordinary = cipher.allocPacket.bind(cipher);

  // RFC 4253 §6: its length, that of the padding, the payload, 4 bytes of padding or more. RFC 5647
  // §7.2: all but the length are whole blocks.
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
