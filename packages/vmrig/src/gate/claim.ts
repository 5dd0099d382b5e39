import { proven } from "../baseline/proof.ts";
import type { VmrigError } from "../errors/vmrig-error.ts";
import { createMachine, type Machine } from "../machine/machine.ts";
import { dial, type Connection } from "../ssh/connection.ts";
import type { GateClient } from "./client.ts";
import type { Grant, Welcome } from "./messages.ts";

/** Machines that are this worker's until it releases them. The `Machine` objects stay the same across rollbacks. */
export interface Claim {
  readonly copy: string;
  readonly baseline: string;
  /** Whether the machines were at their baseline when they were handed out. */
  readonly fresh: boolean;
  /** By name. */
  readonly machines: Readonly<Record<string, Machine>>;
  /** Aborts when the lease is lost: every command ends, every connection is closed. */
  readonly signal: AbortSignal;
  /** All machines back to their baseline; what runs on them ends. */
  rollBack(): Promise<void>;
  release(): Promise<void>;
}

/** Claims the rig's machines from the gate, waiting in line as long as it takes. Nothing is dialled until a machine is used. */
export async function claimMachines(client: GateClient, rollback: Welcome["rollback"]): Promise<Claim> {
  let granted = await client.claim(rollback);
  const { claim: id } = granted;
  const connections = new Set<Connection>();
  const lost = new AbortController();
  let failure: { readonly reason: unknown } | undefined;

  const hangUp = (): void => {
    for (const connection of connections) connection.hangUp();
    connections.clear();
  };
  client.onLost(id, (error) => {
    lost.abort(error);
    hangUp();
  });

  const connect = async (name: string): Promise<Connection> => {
    lost.signal.throwIfAborted();
    if (failure !== undefined) throw failure.reason;
    const grant = granted;
    const { target } = machineOf(grant, name);
    const connection = await dial(target, { name, maxSessions: 100, signal: lost.signal });
    if (lost.signal.aborted || grant !== granted) {
      // Rolled back or lost under it, when nobody knew of this connection yet.
      connection.hangUp();
      return connect(name);
    }
    connections.add(connection);
    connection.closed.addEventListener("abort", () => connections.delete(connection), { once: true });
    const onFailure = (error: VmrigError): void => void client.broken(id, name, error).catch(() => {});
    return proven(connection, { machine: name, baseline: grant.baseline, guest: grant.guest, nonce: grant.nonce, onFailure });
  };

  return {
    copy: granted.copy,
    baseline: granted.baseline,
    fresh: granted.fresh,
    signal: lost.signal,
    machines: Object.fromEntries(
      granted.machines.map(({ name, lanAddress, target }) => [
        name,
        createMachine({ name, address: lanAddress, user: target.user, connect: () => connect(name), signal: lost.signal }),
      ]),
    ),
    async rollBack() {
      lost.signal.throwIfAborted();
      hangUp();
      try {
        granted = await client.rollBack(id);
        failure = undefined;
      } catch (reason) {
        // Nobody knows what the machines are now: they stay out of reach until a rollback succeeds.
        failure = { reason };
        throw reason;
      }
      hangUp();
    },
    async release() {
      hangUp();
      if (!lost.signal.aborted) await client.release(id);
    },
  };
}

function machineOf(granted: Grant, name: string): Grant["machines"][number] {
  const machine = granted.machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`the grant has no machine ${name}`);
  return machine;
}
