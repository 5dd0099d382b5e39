import type { Duplex } from "node:stream";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { TunnelRefusedError, type Destination } from "../../ssh/tunnel.ts";
import { onLive } from "../link.ts";
import type { ExecutionContext } from "../command/execution-context.ts";

/**
 * A connection that the machine makes, over its SSH connection.
 *
 * @throws TunnelRefusedError, the signal's reason, and what a command throws whose machine cannot
 *   be reached
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

/**
 * Of loopback: nobody can listen there, so the answer is `connection refused`, and no service is
 * disturbed by the question.
 */
const NOBODY: Destination = { host: "127.0.0.1", port: 0 };

/**
 * Asks whether the machine's sshd makes such connections at all. One that makes only some
 * (PermitOpen) is asked for the very one.
 *
 * @throws VmrigError `FORWARD_FAILED` when it does not
 */
export async function checkAllowed(
  context: Pick<ExecutionContext, "link" | "name">,
  to: Destination,
  signal: AbortSignal,
): Promise<void> {
  // Of a unix socket OpenSSH does not tell whether it is forbidden.
  if ("path" in to) return;
  for (const where of [NOBODY, to]) {
    try {
      (await openTunnel(context, where, signal)).destroy();
      return;
    } catch (error) {
      if (!(error instanceof TunnelRefusedError)) throw error;
      if (!error.forbidden) return;
    }
  }
  throw new VmrigError("FORWARD_FAILED", {
    message: `The SSH server of ${context.name} forbids connections through it.`,
    hint: ALLOW,
  });
}

const ALLOW =
  "set AllowTcpForwarding to yes or local in its sshd_config, and see PermitOpen and DisableForwarding there";

/** What is worth a try when the machine refuses a connection. */
export function hintFor(refused: TunnelRefusedError, path: string | undefined): string | undefined {
  if (refused.forbidden) return ALLOW;
  if (path === undefined) return undefined;
  return "somebody must listen there, the user who logs in must be allowed to connect, and AllowStreamLocalForwarding must be yes or local";
}

/** What else waits for the promise goes on to do so. */
function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
