import type { SshConnection } from "../ssh/connection.ts";
import type { Grant } from "../protocol/messages.ts";

/** The machines between two rollbacks. */
export interface MachineEpoch {
  /** Changes with the addresses of machines that are started anew. */
  grant: Grant;
  /** Those that were switched off. */
  readonly off: Set<string>;
  /**
   * Every machine is proven before the first command on any: one may talk to another that no test
   * logs in to.
   */
  proven?: Promise<Map<string, SshConnection> | undefined>;
}

export function machineOf(granted: Grant, name: string): Grant["machines"][number] {
  const machine = granted.machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`the grant has no machine ${name}`);
  return machine;
}
