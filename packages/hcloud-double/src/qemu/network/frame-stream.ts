import type { Socket } from "node:net";

const LENGTH_BYTES = 4;
/** QEMU's own limit for a frame of a stream (NET_BUFSIZE). */
const MAX_FRAME_BYTES = 4096 + 65_536;

/**
 * Calls `onFrame` with each frame that arrives. QEMU sends frames over a stream with their length
 * before each, as 4 bytes, big-endian. A frame that is too long ends the connection.
 */
export function readFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let received = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= LENGTH_BYTES) {
      const length = received.readUInt32BE(0);
      if (length > MAX_FRAME_BYTES) {
        socket.destroy();
        return;
      }
      if (received.length < LENGTH_BYTES + length) return;
      onFrame(received.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
      received = received.subarray(LENGTH_BYTES + length);
    }
  });
}

export function writeFrame(socket: Socket, frame: Buffer): void {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(frame.length);
  socket.write(Buffer.concat([length, frame]));
}
