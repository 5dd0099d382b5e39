import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Passes bytes both ways, as fast as the slower side. Each half ends by itself; a side that breaks
 * breaks the other one.
 */
export function pipeBothWays(near: Duplex, far: Duplex): void {
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    let broke = false;
    one.on("error", () => {
      broke = true;
      reset(other);
    });
    one.on("close", () => {
      if (broke || (one.readableEnded && one.writableFinished)) return;
      // It ended before it had taken all: nothing more goes there, but what came from it is
      // delivered.
      if (one.readableEnded) other.end(() => other.destroy());
      else reset(other);
    });
    one.pipe(other);
  }
}

/** Ends a connection so that its peer does not take it for a proper end. */
export function reset(stream: Duplex): void {
  if (stream.destroyed) return;
  // While its own half ends, Node.js cannot reset a socket, and would never say that it is closed.
  if (stream instanceof Socket && !stream.writableEnded) stream.resetAndDestroy();
  else stream.destroy();
}
