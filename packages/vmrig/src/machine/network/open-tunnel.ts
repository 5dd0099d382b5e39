import type { Duplex } from "node:stream";
import type { Destination } from "../../ssh/tunnel.ts";
import { onLive } from "../link.ts";
import type { ExecutionContext } from "../command/execution-context.ts";

/**
 * Opens a connection from the machine, over its SSH connection.
 *
 * @throws TunnelRefusedError, the signal's reason, and the errors of a command on an unreachable
 *   machine
 */
export function openTunnel(
  { link }: Pick<ExecutionContext, "link">,
  to: Destination,
  signal: AbortSignal,
): Promise<Duplex> {
  return onLive(
    () => unless(signal, link()),
    (connection) => connection.tunnel(to, signal),
  );
}

/** Rejects when the signal aborts. Other users of the promise are not affected. */
function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
