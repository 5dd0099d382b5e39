import { prove } from "../baseline/proof.ts";
import type { Unhealthy } from "../baseline/recovery.ts";
import { asVmrigError } from "../errors/vmrig-error.ts";
import type { Grant } from "../protocol/messages.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { ClaimConnections } from "./claim-connections.ts";

export interface ProofOptions {
  readonly connections: Pick<ClaimConnections, "open">;
  /** Whether the grant's machines still are those of the claim. */
  readonly isCurrent: () => boolean;
  /** Random UUIDs of the claim's earlier proofs. */
  readonly drawn: Set<string>;
  readonly signal: AbortSignal;
}

export type Proof =
  /** By machine name: the connections that proved the machines. */
  { readonly opened: Map<string, SshConnection> } | { readonly unhealthy: readonly Unhealthy[] };

/**
 * Logs in to all machines of a grant and proves that they are at their baseline.
 *
 * @returns `undefined` when the grant was replaced meanwhile
 */
export async function proveMachines(
  { baseline, guest, nonce, machines }: Grant,
  { connections, isCurrent, drawn, signal }: ProofOptions,
): Promise<Proof | undefined> {
  const unhealthy: Unhealthy[] = [];
  const opened = new Map<string, SshConnection>();
  await Promise.all(
    machines.map(async ({ name, target }) => {
      try {
        const connection = await connections.open(name, target);
        opened.set(name, connection);
        if (!isCurrent()) return;
        await prove(connection, { machine: name, baseline, guest, nonce, drawn, signal });
      } catch (error) {
        unhealthy.push({ machine: name, error: asVmrigError(error) });
      }
    }),
  );
  if (!isCurrent()) {
    for (const connection of opened.values()) connection.hangUp();
    return undefined;
  }
  return unhealthy.length === 0 ? { opened } : { unhealthy };
}
