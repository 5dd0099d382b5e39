import type { Grant } from "../protocol/messages.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { ClaimConnections } from "./claim-connections.ts";
import type { MachineEpoch } from "./machine-epoch.ts";
import type { PristineState } from "./pristine-state.ts";

/** A machine epoch whose machines were all proven to be at their baseline. */
export interface ProvenEpoch {
  readonly epoch: MachineEpoch;
  /** By machine name; the connection that proved it, or a later one. */
  readonly connections: Map<string, SshConnection>;
}

/** State and connections of one claim: what its `Machine` objects and its machine control share. */
export interface Session {
  /** The grant of the newest epoch. */
  readonly grant: Grant;
  readonly pristine: PristineState;
  readonly connections: ClaimConnections;
  /** Random UUIDs that the machines returned to the claim's proofs. */
  readonly drawn: Set<string>;
  /** Aborts when the lease is lost. */
  readonly lost: AbortSignal;
  /**
   * Proves all machines, once per epoch, before anything is done to any of them. Machines that are
   * not at their baseline are recovered by the gate first.
   */
  readonly proven: () => Promise<ProvenEpoch>;
  /** Returns an open connection to a machine of a proven epoch. */
  readonly connect: (name: string) => Promise<SshConnection>;
  /**
   * Returns a connection for evidence. Never proves, never rolls back: a rollback would remove what
   * there is to see.
   */
  readonly peek: (name: string) => Promise<SshConnection>;
  /** Dials a machine, whatever its state is. */
  readonly open: (name: string) => Promise<SshConnection>;
  /** Whether this epoch is the newest one and its machines may be used. */
  readonly isCurrent: (epoch: MachineEpoch) => boolean;
  /** Rolls all machines back; does nothing where they are at their baseline and unused. */
  readonly rollBack: () => Promise<void>;
  /** Remembers that a test has switched a machine off, or on again. */
  readonly switched: (name: string, off: boolean) => void;
  /** Marks the state of the machines as unknown until the next rollback. */
  readonly spoil: (reason: unknown) => void;
  /** Ends the session: later calls throw. */
  readonly end: () => void;
}
