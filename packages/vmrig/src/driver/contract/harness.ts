import type { CopySpec, Driver, MachineStatus } from "../driver.ts";

/**
 * What the suite needs of a driver's test. Everything it makes is gone after the last case, when
 * all cases ran.
 */
export interface ContractHarness {
  readonly driver: Driver;
  /**
   * One or two machines that do not exist yet, in folders that exist and belong to this run of the
   * suite. Both bear the copy's name: `…/contract-1`.
   */
  readonly copy: CopySpec;
  /**
   * Whether the machines of a copy share a private network. It is proven when there are two;
   * `false` leaves that case out.
   */
  readonly lan: boolean;
  /**
   * A line of the test user's shell with which a machine destroys its own disk. It may end its
   * session, or never come back.
   */
  readonly wipe: string;
  /**
   * A line of the test user's shell that prints another word after each boot.
   *
   * @defaultValue the boot id of Linux
   */
  readonly bootId?: string;
  /**
   * Ends a machine from the outside and without a warning, as a crash of its process or of its
   * computer would.
   */
  kill(machine: MachineStatus): Promise<void>;
  /**
   * For a driver that finds orphans: starts a process of its kind whose machine's folder is not
   * there.
   */
  orphan?(): Promise<PlantedOrphan>;
  /** What of this copy still runs, or is billed: one line each. */
  leftovers(): Promise<readonly string[]>;
}

export interface PlantedOrphan {
  /** What the line about it has in it, and no other line. */
  readonly mark: string;
  /** Whether it still runs. */
  lives(): Promise<boolean>;
}

/**
 * One claim. All claims of a suite are about the same machines: they run in the given order, one at
 * a time.
 */
export interface ContractCase {
  readonly title: string;
  /** Rejects with an AssertionError when the driver does not keep what is claimed. */
  run(): Promise<void>;
}
