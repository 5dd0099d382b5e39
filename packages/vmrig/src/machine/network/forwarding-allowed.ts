import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Destination } from "../../ssh/tunnel.ts";
import { TunnelRefusedError } from "../../ssh/tunnel-refused.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { openTunnel } from "./open-tunnel.ts";

/**
 * Port 0 of the loopback interface. Nothing can listen there, so the reply is `connection refused`,
 * and the check disturbs no service.
 */
const CLOSED_PORT: Destination = { host: "127.0.0.1", port: 0 };

/**
 * Checks whether the machine's sshd opens such connections at all. For an sshd that allows only
 * some (PermitOpen), the check uses the actual destination.
 *
 * @throws VmrigError `FORWARD_FAILED` when sshd forbids it
 */
export async function checkAllowed(
  context: Pick<ExecutionContext, "link" | "name">,
  to: Destination,
  signal: AbortSignal,
): Promise<void> {
  // For a unix socket, OpenSSH does not report that it is forbidden.
  if ("path" in to) return;
  for (const where of [CLOSED_PORT, to]) {
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
  "set AllowTcpForwarding to yes or local in its sshd_config, and check PermitOpen and DisableForwarding there";

/** Returns a hint for a connection that the machine refused. */
export function hintFor(refused: TunnelRefusedError, path: string | undefined): string | undefined {
  if (refused.forbidden) return ALLOW;
  if (path === undefined) return undefined;
  return "a process must listen there, the login user needs permission to connect, and AllowStreamLocalForwarding must be yes or local in its sshd_config";
}
