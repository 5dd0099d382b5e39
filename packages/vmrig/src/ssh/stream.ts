import { Duplex } from "node:stream";
import type { Channel } from "ssh2";

/**
 * A channel as a stream that keeps the promises of Node.js. One of ssh2 ends as if all had come
 * when its connection breaks, leaves a write without an answer when the machine closes it, and goes
 * on after `destroy()`.
 *
 * Each half ends by itself. The machine's end of both halves ends the stream; a connection that is
 * lost destroys it, with the reason.
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
      // What still comes must go somewhere: ssh2 forgets a channel when it was read to its end.
      channel.resume();
      done(error);
    },
  });
  const lose = (): void => void stream.destroy(closed.reason as Error);
  closed.addEventListener("abort", lose, { once: true });

  channel.on("data", (chunk: Buffer) => {
    if (!stream.destroyed && !stream.push(chunk)) channel.pause();
  });
  // In a turn of its own, as the end of a socket comes: undici loses one that comes with the head
  // of an answer.
  channel.on("end", () =>
    setImmediate(() => {
      if (!stream.destroyed) stream.push(null);
    }),
  );
  channel.on("error", (error: Error) => stream.destroy(error));
  channel.on("close", () => {
    over = true;
    sending?.(brokenPipe());
    // What has come is still to be read.
    if (stream.readableEnded) stream.destroy();
    else stream.once("end", () => stream.destroy());
  });
  return stream;
}

function brokenPipe(): Error {
  return Object.assign(new Error("the other side has closed the connection"), { code: "EPIPE" });
}
