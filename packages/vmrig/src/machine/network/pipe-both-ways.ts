import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Passes bytes in both directions, at the pace of the slower side. Each half ends separately. An
 * error on one side destroys the other side.
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
      // One side closed before it took all data: nothing more is sent to it, but its own data is
      // delivered.
      if (one.readableEnded) other.end(() => other.destroy());
      else reset(other);
    });
    one.pipe(other);
  }
}

/** Resets a connection, so that its peer does not see a regular end. */
export function reset(stream: Duplex): void {
  if (stream.destroyed) return;
  // While its own half is ending, Node.js cannot reset a socket and would never report its close.
  if (stream instanceof Socket && !stream.writableEnded) stream.resetAndDestroy();
  else stream.destroy();
}
