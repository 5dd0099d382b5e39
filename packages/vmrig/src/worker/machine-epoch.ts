import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { Grant } from "../protocol/messages.ts";

/** State of a claim's machines between two rollbacks. */
export interface MachineEpoch {
  /** Changes when machines restart and get other addresses. */
  grant: Grant;
  /** Machines that were switched off. */
  readonly off: Set<string>;
  /**
   * Connections of proven machines. Every machine is proven before the first command on any
   * machine: one machine may talk to another that no test logs in to.
   */
  proven?: Promise<Map<string, SshConnection> | undefined>;
}

/** Remembers the addresses of machines that were restarted. */
export function updateAddresses(epoch: MachineEpoch, fresh: Grant["machines"]): void {
  const machines = epoch.grant.machines.map(
    (old) => fresh.find(({ name }) => name === old.name) ?? old,
  );
  epoch.grant = { ...epoch.grant, machines };
}

export function machineOf(granted: Grant, name: string): Grant["machines"][number] {
  const machine = granted.machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`this test file has no machine ${name}`);
  return machine;
}
