import type { DeclareOptions } from "../authority.ts";
import type { MachineStatus } from "../inventory.ts";
import type { CopySpec, Driver } from "../driver.ts";

/**
 * Test environment of a driver, as the suite needs it. Everything that the harness creates is gone
 * after the last case, when all cases ran.
 */
export interface ContractHarness {
  readonly driver: Driver;
  /**
   * One or two machines that do not exist yet, in existing folders that belong to this run of the
   * suite. Both folders have the copy's name: `…/contract-1`.
   */
  readonly copy: CopySpec;
  /** Secret of the copy, for a driver that needs one. */
  readonly secret?: string;
  /**
   * Runs Terraform, for a driver that declares resources of providers.
   *
   * @defaultValue the suite runs the steps that the driver declares
   */
  readonly terraform?: ContractTerraform;
  /**
   * Whether the machines of a copy share a private network. Tested when there are two machines;
   * `false` skips that case.
   */
  readonly lan: boolean;
  /**
   * A command line of the test user with which a machine destroys its own disk. The command may end
   * its session, or never return.
   */
  readonly wipe: string;
  /**
   * A command line of the test user that prints a different word after each boot.
   *
   * @defaultValue the boot id of Linux
   */
  readonly bootId?: string;
  /**
   * Ends a machine from the outside and without a warning, like a crash of its process or of its
   * computer.
   */
  kill(machine: MachineStatus): Promise<void>;
  /**
   * For a driver that finds orphans: starts a process of the driver whose machine's folder does not
   * exist.
   */
  orphan?(): Promise<PlantedOrphan>;
  /** Returns everything of this copy that still runs or is billed, one line each. */
  leftovers(): Promise<readonly string[]>;
}

/** Creates and destroys what the driver declares for the harness' copy. */
export interface ContractTerraform {
  /** @param options of {@link Driver.declare} */
  create(options: DeclareOptions): Promise<void>;
  destroy(): Promise<void>;
}

/** An orphan that a harness has started. */
export interface PlantedOrphan {
  /** Text that is part of the line about this orphan, and of no other line. */
  readonly mark: string;
  /** Returns whether the orphan still runs. */
  lives(): Promise<boolean>;
}

/**
 * One claim about a driver. All claims of a suite use the same machines: they run in the given
 * order, one at a time.
 */
export interface ContractCase {
  readonly title: string;
  /** Rejects with an AssertionError when the claim is false. */
  run(): Promise<void>;
}
