import type { PowerState, PublicKey, SnapshotName } from "./terms.ts";
import type { Origin } from "./origin.ts";

/**
 * Actual state of a copy's machines. A machine of the spec that does not exist is listed as
 * `absent`. A machine that exists without being in the spec is listed, too.
 */
export interface Inventory {
  readonly machines: readonly MachineStatus[];
}

export interface MachineStatus {
  readonly name: string;
  readonly power: PowerState;
  /** Address of the SSH server of a machine that is running or paused. */
  readonly address?: { readonly host: string; readonly port: number };
  /** Pinned host key, known from the creation of the machine and never learnt from the network. */
  readonly hostKey?: PublicKey;
  /** Owner of the machine: the `owner` that `Driver.declare` received. */
  readonly owner?: string;
  /** What its create step received. */
  readonly origin?: Origin;
  readonly snapshots: readonly SnapshotName[];
  /** Set when the machine's creation or removal was interrupted. Its process may run. */
  readonly incomplete?: true;
  /**
   * Path and reason, on one line, when the record or the snapshots of the machine cannot be read,
   * or are gone although there were some. It may be in use.
   */
  readonly unreadable?: string;
  /** Set when `Driver.network` disconnected the machine from the rig's network. */
  readonly disconnected?: true;
  /** Hint for people how to find the machine: a pid, a server's id. */
  readonly location?: string;
}
