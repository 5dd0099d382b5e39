import type { Account } from "./account.ts";
import type {
  Admission,
  Authority,
  DeclareOptions,
  FailedApply,
  PublishImageOptions,
  WaitLimit,
} from "./authority.ts";
import type { Finding } from "./finding.ts";
import type { FoundResource } from "./found-resource.ts";
import type { Inventory } from "./inventory.ts";
import type { CopiesFolders, Orphan } from "./orphan.ts";
import type { RigStack } from "./rig-stack.ts";
import type { Fingerprint, SnapshotName } from "./terms.ts";

export type { Fence, Fingerprint, PowerState, PublicKey, SnapshotName } from "./terms.ts";

/**
 * Extent of a rollback: RAM and disk (`memory`), the disk with a new boot (`disk`), or the disk
 * under a kernel that keeps running (`soft`).
 */
export type RollbackKind = "memory" | "disk" | "soft";

/**
 * Kind of system inside a machine.
 *
 * - `linux`: a separate system with systemd, OpenSSH, a clock and a test user who may `sudo`.
 * - `shell`: only a shell in the test user's home. vmrig waits for no boot, sets no clock, skips
 *   the guest setup and runs no command as another user. A recipe may only `run` lines, as the
 *   test user.
 */
export type GuestKind = "linux" | "shell";

/**
 * - `crash`: cuts the power. Data that the machine has not written to its disk is lost.
 * - `off`: the machine shuts itself down. `crash` and `off` succeed when it is already off.
 * - `on`: boots from the current disk. Does nothing when the machine is running.
 * - `reboot`: the machine shuts itself down and boots.
 */
export type PowerAction = "crash" | "off" | "on" | "reboot";
export type LinkAction = "disconnect" | "connect";

/** One machine of the config, with all defaults filled in. */
export interface MachineSpec {
  readonly name: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  /** Address on the rig's private LAN: `10.77.0.11`. */
  readonly lanAddress: string;
}

/**
 * One copy of a rig as the config describes it. Plain data, so that it can be hashed and sent to
 * another process.
 */
export interface CopySpec {
  /** `pcs` */
  readonly rig: string;
  /** `pcs-1` */
  readonly copy: string;
  /** Absolute path of a 0700 folder on this computer that belongs to this copy alone. */
  readonly folder: string;
  /**
   * Absolute path of a 0700 folder for the sockets of this copy. The path is short, because the
   * path of a socket is limited to 104 bytes.
   */
  readonly runtimeFolder: string;
  /**
   * Absolute path of a folder for images and other files that can be recreated. Shared by all rigs
   * of this user.
   */
  readonly cacheFolder: string;
  readonly machines: readonly MachineSpec[];
}

export interface MachineRef {
  readonly copy: CopySpec;
  readonly name: string;
}

/**
 * Provider of machines. A plain object, created by a function from options. A driver has no open
 * connection and no state between calls.
 *
 * Every call with an {@link Authority} throws `FENCED` before any change when the machine has seen
 * a larger fence, and `MACHINE_MISSING` when the machine does not exist.
 */
export interface Driver {
  readonly name: string;
  /**
   * Whether the machines exist on this computer only. Decides which Terraform state backends are
   * allowed.
   */
  readonly locality: "this-computer" | "shared";
  readonly rollback: RollbackKind;
  /** @defaultValue `linux` */
  readonly guest?: GuestKind;
  /**
   * Set for a driver that makes keys for its machines from a secret of their copy: random, the same
   * for all homes, and stored encrypted beside the Terraform state.
   */
  readonly needsSecret?: true;
  /**
   * Set for a driver that boots its machines with a kernel from outside of their disk. An upgrade of
   * their packages then leaves out the kernel: the new one would not run, and the running one would
   * lose its modules.
   */
  readonly externalKernel?: true;
  /**
   * Set for a driver whose machines keep address and host key until they are created or written
   * again. A run then asks for them once, and not after each rollback.
   */
  readonly fixedAddresses?: true;
  /**
   * Start of the private addresses of a copy's machines, which are `.11` and up.
   *
   * @defaultValue `10.77.0`
   */
  readonly lanPrefix?: string;
  /**
   * Type of the resource of a machine, which its address for `--allow` begins with.
   *
   * @defaultValue `terraform_data`
   */
  readonly machineType?: string;
  /** Set for machines that are paid for. */
  readonly account?: Account;

  /**
   * Returns the fingerprint of the machines, and fetches and checks the files that it depends on.
   * Cheap when nothing changed. Touches no machine. Call it before acquiring a lease, because the
   * first call may download an image.
   */
  fingerprint(copy: CopySpec, limit?: WaitLimit): Promise<Fingerprint>;
  /** Adds the driver's resources to the CDKTF stack. */
  declare(stack: RigStack, copy: CopySpec, options: DeclareOptions): void | Promise<void>;
  /** Returns the actual state of the machines. Changes nothing. */
  inspect(copy: CopySpec, limit?: WaitLimit): Promise<Inventory>;
  /**
   * Waits until a newly created machine is up, and authorizes the key.
   *
   * @throws MACHINE_UNREACHABLE at the driver's own deadline.
   */
  boot(machine: MachineRef, admission: Admission): Promise<void>;
  /**
   * Takes a snapshot of a running machine. Replaces a snapshot of that name.
   *
   * @throws VmrigError `MACHINE_OFF`
   */
  capture(machine: MachineRef, snapshot: SnapshotName, authority: Authority): Promise<void>;
  /**
   * Restores a machine to a snapshot and leaves it running: ends every session, and authorizes no
   * other lease's key than the given one. A machine that is off, or whose process is gone, is
   * started again from the snapshot. The network link is connected. The caller sets the clock.
   */
  restore(machine: MachineRef, snapshot: SnapshotName, admission: Admission): Promise<void>;
  /**
   * Removes a machine that Terraform will not destroy, complete or not: a machine that is not in
   * the state, or whose creation was interrupted. vmrig calls it at a person's request, and for
   * machines that no test can have used.
   */
  remove(machine: MachineRef, authority: Authority): Promise<void>;

  /**
   * Lists what exists under the labels of a copy, of every owner. A driver that declares resources
   * of providers needs it: a killed run leaves some that no state has.
   */
  readonly find?: (copy: CopySpec, limit?: WaitLimit) => Promise<readonly FoundResource[]>;
  /** Deletes what {@link find} found and no state has. Succeeds when it is gone. */
  readonly discard?: (copy: CopySpec, found: FoundResource, by: Authority) => Promise<void>;
  /**
   * Returns what {@link declare} would declare with the next `attempt`, as one line for the user,
   * when an apply failed because a resource was not available; `undefined` when nothing is left to
   * try.
   */
  readonly alternative?: (copy: CopySpec, failed: FailedApply) => Promise<string | undefined>;
  /**
   * Lifts the protection against deletion from resources, which Terraform deletes next because a
   * person allowed it. Names as in {@link StackResource.name}.
   */
  readonly unprotect?: (
    copy: CopySpec,
    names: readonly string[],
    authority: Authority,
  ) => Promise<void>;
  /**
   * Writes the image to the disk of a machine again. Its snapshots are gone, and the next call is
   * {@link boot}. The last step of a recovery.
   */
  readonly rewrite?: (machine: MachineRef, authority: Authority) => Promise<void>;
  /**
   * Uploads the image of the config, which was built on this computer, to where machines start from
   * it. Does nothing when it is there.
   *
   * @returns for people: what machines start from
   */
  readonly publishImage?: (options: PublishImageOptions) => Promise<string>;
  /**
   * Authorizes the key again on a running machine: its system rebooted by itself, or a test removed
   * the key. Waits only seconds for a system that does not respond, and is called again.
   *
   * @throws VmrigError `MACHINE_OFF`, `MACHINE_UNREACHABLE`
   */
  readonly admit?: (machine: MachineRef, admission: Admission) => Promise<void>;
  /** Pauses a machine while no lease uses it. */
  readonly park?: (machine: MachineRef, authority: Authority) => Promise<void>;
  /**
   * Shuts down a machine cleanly and without data loss: its disk and snapshots stay, and the next
   * restore starts it again. Succeeds when the machine is already off. Also ends the process of an
   * incomplete machine.
   */
  readonly stop?: (machine: MachineRef, authority: Authority) => Promise<void>;
  /**
   * Lists orphans that this driver left on this computer or in an account: processes whose
   * machine's folder is gone, interrupted work. Never lists a machine that is in use, in any
   * folder. The caller finds machines of a known copy that are not in the state.
   */
  readonly orphans?: (folders: CopiesFolders) => Promise<readonly Orphan[]>;
  /**
   * Changes the power state, and resolves when the change is complete. After `on` and `reboot`, the
   * machine is up and authorizes the given key, which a crash may have lost. The SSH address
   * may have changed.
   *
   * @throws VmrigError `MACHINE_OFF` for the reboot of a machine that is off; `MACHINE_UNREACHABLE`
   *   for a machine that does not shut down or boot
   */
  readonly power?: (
    machine: MachineRef,
    action: PowerAction,
    admission: Admission,
  ) => Promise<void>;
  /**
   * Disconnects the machine from the rig's network, or connects it again. SSH access stays.
   *
   * @throws VmrigError `MACHINE_OFF`
   */
  readonly network?: (
    machine: MachineRef,
    action: LinkAction,
    authority: Authority,
  ) => Promise<void>;
  /**
   * Takes a snapshot, like {@link capture}, of several machines of one copy at one moment: no
   * machine runs while another is captured.
   *
   * @throws VmrigError `MACHINE_OFF`
   */
  readonly captureTogether?: (
    machines: readonly MachineRef[],
    snapshot: SnapshotName,
    authority: Authority,
  ) => Promise<void>;
  /** Deletes a snapshot, also of a machine that is off. Succeeds when no such snapshot exists. */
  readonly drop?: (
    machine: MachineRef,
    snapshot: SnapshotName,
    authority: Authority,
  ) => Promise<void>;
  /**
   * Returns the console output of the machine so far. Each restore, and each start from a snapshot,
   * adds a `restoredLine`.
   */
  readonly console?: (machine: MachineRef) => AsyncIterable<string>;
  /**
   * Checks all prerequisites on this computer, for `vmrig doctor`. Creates and downloads nothing.
   * Reports a failed prerequisite as a finding and does not throw it.
   */
  readonly diagnose?: (copy: CopySpec) => Promise<readonly Finding[]>;
}
