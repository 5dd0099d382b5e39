import { Duplex } from "node:stream";
import type { Channel } from "ssh2";
import { globals } from "../clock/real-time.ts";

/**
 * Wraps a channel in a stream that behaves as Node.js specifies. A channel of ssh2 ends as if all
 * data had arrived when its connection breaks, never calls back a write when the machine closes the
 * channel, and continues after `destroy()`.
 *
 * Each half ends independently. The stream ends when the machine has ended both halves. A lost
 * connection destroys the stream with the reason.
 */
export function toStream(channel: Channel, closed: AbortSignal): Duplex {
  let over = false;
  let sending: ((error: Error) => void) | undefined;

  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void channel.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (over) return done(brokenPipe());
      sending = done;
      channel.write(chunk, (error) => {
        sending = undefined;
        done(error);
      });
    },
    final(done) {
      channel.end();
      done();
    },
    destroy(error, done) {
      closed.removeEventListener("abort", lose);
      if (!closed.aborted) channel.close();
      // Remaining data must be drained: ssh2 forgets a channel only after it was read to its end.
      channel.resume();
      done(error);
    },
  });
  const lose = (): void => void stream.destroy(closed.reason as Error);
  closed.addEventListener("abort", lose, { once: true });

  channel.on("data", (chunk: Buffer) => {
    if (!stream.destroyed && !stream.push(chunk)) channel.pause();
  });
  // Ends in a separate tick of the event loop, as a socket does: undici loses an end that arrives
  // together with the head of a response.
  channel.on("end", () =>
    globals.setImmediate(() => {
      if (!stream.destroyed) stream.push(null);
    }),
  );
  channel.on("error", (error: Error) => stream.destroy(error));
  channel.on("close", () => {
    over = true;
    sending?.(brokenPipe());
    // Data that has arrived can still be read.
    if (stream.readableEnded) stream.destroy();
    else stream.once("end", () => stream.destroy());
  });
  return stream;
}

function brokenPipe(): Error {
  return Object.assign(new Error("the other side has closed the connection"), { code: "EPIPE" });
}
