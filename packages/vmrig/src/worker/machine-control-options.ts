import type { Checkpoint } from "../machine/faults/checkpoint.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { ControlCommand, ControlResult } from "../protocol/control-command.ts";
import type { Grant } from "../protocol/messages.ts";

/** Dependencies of a claim's machine control. */
export interface MachineControlOptions {
  readonly grant: () => Grant;
  /** Returns the connection to a machine that is up. All machines were proven before. */
  readonly connect: (name: string) => Promise<SshConnection>;
  /**
   * Runs a control command after all machines were proven, and remembers the machines' new
   * addresses.
   */
  readonly control: (command: ControlCommand) => Promise<ControlResult>;
  /** Returns the tail of a machine's console. */
  readonly console: (name: string) => Promise<string>;
  /** Opens a new connection, regardless of the machine's known state. */
  readonly open: (name: string) => Promise<SshConnection>;
  /**
   * Closes the connections to these machines and blocks new ones until `work` has ended. Then
   * `work`'s own connection is handed out.
   */
  readonly without: (
    names: readonly string[],
    work: (keep: (name: string, fresh: SshConnection) => void) => Promise<void>,
  ) => Promise<void>;
  readonly switched: (name: string, off: boolean) => void;
  /**
   * Called when all machines were restored to a checkpoint, before any connection is handed out.
   */
  readonly stands: (checkpoint: Checkpoint) => void;
  /** Random UUIDs of the claim's earlier proofs. */
  readonly drawn: Set<string>;
  /** Marks the state of the machines as unknown until the next rollback. */
  readonly spoil: (reason: unknown) => void;
  readonly signal: AbortSignal;
}
