import type { Clock } from "../clock/clock.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { Become } from "./command/script/become.ts";
import type { MachineControl } from "./faults/machine-control.ts";
import type { CommandObserver } from "./command/command-observer.ts";

export interface MachineOptions {
  readonly name: string;
  readonly address: string;
  /** Login user. */
  readonly user: string;
  /**
   * Opens an SSH connection. Called when a connection is needed and none is open, one call at a
   * time. The caller of `createMachine` closes the connections.
   */
  readonly connect: () => Promise<SshConnection>;
  /**
   * Aborts when the machine is taken away. Every command is then ended, and its error has the abort
   * reason as `cause`.
   */
  readonly signal?: AbortSignal;
  /**
   * Returns the signal of the current test or hook. The signal ends the commands that start while
   * that test or hook runs. Called when a command starts.
   */
  readonly scope?: () => AbortSignal | undefined;
  /**
   * Registers a clean-up function that runs at the end of the current test or hook. Without it, the
   * caller removes its own temporary folders.
   */
  readonly onCleanup?: (work: () => Promise<void>) => void;
  readonly clock?: Clock;
  /**
   * Power, links and checkpoints, controlled from outside the machine.
   *
   * @defaultValue not available
   */
  readonly control?: MachineControl;
  /**
   * Returns the start time of the test. `waitForLog` ignores older lines.
   *
   * @defaultValue all lines since the boot count
   */
  readonly since?: () => Date | undefined;
  /** Returns the current observer of commands. Called when a command starts. */
  readonly observer?: () => CommandObserver | undefined;
  /** @defaultValue `sudo -n` */
  readonly become?: Become;
}
