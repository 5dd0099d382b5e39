import type { RigStack } from "./rig-stack.ts";

/**
 * A number that only grows, issued with each lease. A machine refuses a smaller one than it has
 * seen.
 */
export type Fence = number;

/** `pristine`, or `baseline-<id>`. */
export type SnapshotName = string;

/** An OpenSSH public key line: `ssh-ed25519 AAAA…`, without options or comment. */
export type PublicKey = string;

/**
 * What a rollback covers: RAM and disk, the disk with a new boot, or the disk under a kernel that
 * keeps running.
 */
export type RollbackKind = "memory" | "disk" | "soft";

/**
 * What vmrig finds inside of a machine.
 *
 * - `linux`: a system of its own, with systemd, OpenSSH, a clock and a test user who may `sudo`.
 * - `shell`: no more than a shell in the test user's home. vmrig waits for no boot, sets no clock,
 *   leaves out its house-keeping and becomes nobody else; a recipe may only `run` lines, as the
 *   test user.
 */
export type GuestKind = "linux" | "shell";

export type PowerState = "running" | "paused" | "off" | "absent";
/**
 * - `crash`: the power is cut. What the machine had not written to its disk is lost.
 * - `off`: the machine shuts itself down. Both succeed when it is off already.
 * - `on`: boots from the disk as it is. Does nothing where the machine runs.
 * - `reboot`: the machine shuts itself down, and boots.
 */
export type PowerAction = "crash" | "off" | "on" | "reboot";
export type LinkAction = "disconnect" | "connect";

/** One machine as the config asks for it, every default filled in. */
export interface MachineSpec {
  readonly name: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  /** Its address on the rig's private LAN: `10.77.0.11`. */
  readonly lanAddress: string;
}

/**
 * One copy of a rig as the config asks for it. Plain data: it hashes, and it crosses process
 * boundaries.
 */
export interface CopySpec {
  /** `pcs` */
  readonly rig: string;
  /** `pcs-1` */
  readonly copy: string;
  /** Absolute path of a 0700 folder of this computer that belongs to this copy alone. */
  readonly folder: string;
  /**
   * Absolute path of a 0700 folder for this copy's sockets. Short: a socket's path may have 104
   * bytes.
   */
  readonly runtimeFolder: string;
  /**
   * Absolute path of a folder for images and other things that can be made again. Shared by all
   * rigs of this user.
   */
  readonly cacheFolder: string;
  readonly machines: readonly MachineSpec[];
}

/** What machines of this copy are made of. Both parts are hashed into the baseline id. */
export interface Fingerprint {
  /** Digest of the machine image. */
  readonly image: string;
  /**
   * All else that a snapshot of this driver depends on, for people and for the hash:
   * `qemu 7.2.22, tcg, q35, cpu max`.
   */
  readonly platform: string;
}

export interface MachineRef {
  readonly copy: CopySpec;
  readonly name: string;
}

/**
 * What is really there. A machine of the spec that does not exist is listed as `absent`; one that
 * exists beyond the spec is listed too.
 */
export interface Inventory {
  readonly machines: readonly MachineStatus[];
}

export interface MachineStatus {
  readonly name: string;
  readonly power: PowerState;
  /** Where SSH listens, for a machine that runs or is paused. */
  readonly address?: { readonly host: string; readonly port: number };
  /** Its pinned host key, known from making it: never learnt from the network. */
  readonly hostKey?: PublicKey;
  /** Who made it: the `owner` that {@link Driver.declare} was given. */
  readonly owner?: string;
  readonly snapshots: readonly SnapshotName[];
  /**
   * Whether its link to the rig's network was pulled by {@link Driver.network}. Missing where it
   * was not.
   */
  readonly disconnected?: true;
  /** What a person needs to find it: a pid, a server's id. */
  readonly whereabouts?: string;
}

/** Where the copies of a user lie on this computer. Absolute paths. */
export interface CopiesFolders {
  /** Holds the folder of each copy, under the copy's name. It may be gone. */
  readonly copies: string;
  /** Holds the runtime folder of each copy, under the copy's name. It may be gone. */
  readonly runtime: string;
  readonly cache: string;
}

/** Something of a driver's that nobody knows any more. */
export interface Orphan {
  /** One line for people: what it is, where, and why nobody owns it. */
  readonly what: string;
  readonly copy?: string;
  /** Ends or deletes it, unless somebody owns it by now. Succeeds when it is gone already. */
  remove(): Promise<void>;
}

/** What a call without an {@link Authority} may be given, because it may take long. */
export interface WaitLimit {
  /** Ends the call, which then throws its reason. */
  readonly signal?: AbortSignal;
  /** Tells the user, in one whole line, what takes long. */
  readonly say?: (line: string) => void;
}

/** Stands behind everything that changes a machine. */
export interface Authority {
  /**
   * Checked by the driver against the largest that this machine has seen, outside of what a
   * rollback rewinds.
   */
  readonly fence: Fence;
  /** Aborts when the lease is lost. */
  readonly signal: AbortSignal;
  /** Tells the user, in one whole line, what takes long or what was healed. */
  readonly say?: (line: string) => void;
}

export interface Admission extends Authority {
  /** The only key that may log in as the test user from now on. */
  readonly authorize: PublicKey;
}

/** One prerequisite, looked at for real. */
export interface Finding {
  /** What was looked at: `QEMU`. */
  readonly what: string;
  /** `warn`: it works, but slowly, or not for ever. */
  readonly status: "ok" | "warn" | "fail";
  /** What was found, on one line: `8.2.2 at /usr/bin/qemu-system-x86_64`. */
  readonly measured: string;
  /** What to do about it, on one line. Missing for `ok`. */
  readonly fix?: string;
}

/**
 * Where machines come from. A plain object, made by a function from options; it holds no connection
 * and no state between calls.
 *
 * Every call with an {@link Authority} throws `FENCED` before it changes anything when the machine
 * has seen a larger fence, and `MACHINE_MISSING` when there is no such machine.
 */
export interface Driver {
  readonly name: string;
  /**
   * Whether its machines live on this computer alone; decides which Terraform state backends are
   * legal.
   */
  readonly locality: "this-computer" | "shared";
  readonly rollback: RollbackKind;
  /** @defaultValue `linux` */
  readonly guest?: GuestKind;

  /**
   * Says what machines are made of; fetches and checks what is needed to know it. Cheap when
   * nothing changed. It touches no machine: call it before a lease is taken, because the first time
   * it may fetch an image.
   */
  fingerprint(copy: CopySpec, patience?: WaitLimit): Promise<Fingerprint>;
  /**
   * Adds its resources to the CDKTF stack. `owner` is stamped on each machine. Without a
   * fingerprint the stack is only good to destroy what there is, and needs nothing but the copy:
   * the image may be gone.
   */
  declare(
    stack: RigStack,
    copy: CopySpec,
    made: { readonly fingerprint?: Fingerprint; readonly owner: string },
  ): void | Promise<void>;
  /** Looks at what is really there; changes nothing. */
  inspect(copy: CopySpec): Promise<Inventory>;
  /**
   * Waits until a machine that was just made is up, and lets the key in.
   *
   * @throws MACHINE_UNREACHABLE at its own deadline.
   */
  boot(machine: MachineRef, admission: Admission): Promise<void>;
  /**
   * Takes a snapshot of a running machine; one of the same name is replaced.
   *
   * @throws VmrigError `MACHINE_OFF`
   */
  capture(machine: MachineRef, snapshot: SnapshotName, authority: Authority): Promise<void>;
  /**
   * Brings a machine back to a snapshot, running, with the right time to be set by the caller: ends
   * every session, lets in the one key and nobody else. A machine that is off, or whose process is
   * gone, is started again from the snapshot; its link is connected.
   */
  restore(machine: MachineRef, snapshot: SnapshotName, admission: Admission): Promise<void>;
  /**
   * Ends a machine that Terraform will not end: one that its state does not know, or whose making
   * was cut off. Always on somebody's word.
   */
  remove(machine: MachineRef, authority: Authority): Promise<void>;

  /** Lets a machine rest while nobody holds it. */
  readonly park?: (machine: MachineRef, authority: Authority) => Promise<void>;
  /**
   * Ends what runs of a machine, cleanly and without a loss: its disk and snapshots stay, and the
   * next restore starts it again. Succeeds when it is off already.
   */
  readonly stop?: (machine: MachineRef, authority: Authority) => Promise<void>;
  /**
   * Lists what this driver left on this computer, or in an account, and nobody knows any more:
   * processes whose machine's folder is gone, work that was cut off. Never lists what lives
   * rightfully, in whichever folders; what of a known copy no state knows is for the caller to
   * find.
   */
  readonly orphans?: (folders: CopiesFolders) => Promise<readonly Orphan[]>;
  /**
   * Resolves when it is done: after `on` and `reboot` the machine is up, and lets in the one key,
   * which a crash may have lost; it may listen at another address.
   *
   * @throws VmrigError `MACHINE_OFF` for the reboot of one that is off; `MACHINE_UNREACHABLE` for
   *   one that does not shut itself down, or boot
   */
  readonly power?: (
    machine: MachineRef,
    action: PowerAction,
    admission: Admission,
  ) => Promise<void>;
  /**
   * Pulls the machine's link to the rig's network, or plugs it in again; the way in stays.
   *
   * @throws VmrigError `MACHINE_OFF`
   */
  readonly network?: (
    machine: MachineRef,
    action: LinkAction,
    authority: Authority,
  ) => Promise<void>;
  /**
   * As {@link capture}, of several machines of one copy at one moment: none of them runs while
   * another is captured.
   *
   * @throws VmrigError `MACHINE_OFF`
   */
  readonly captureTogether?: (
    machines: readonly MachineRef[],
    snapshot: SnapshotName,
    authority: Authority,
  ) => Promise<void>;
  /**
   * Deletes a snapshot, also of a machine that is off. Succeeds when there is none of that name.
   */
  readonly drop?: (
    machine: MachineRef,
    snapshot: SnapshotName,
    authority: Authority,
  ) => Promise<void>;
  /**
   * What the machine printed on its console so far. A restore, and a start from a snapshot, is a
   * `restoredLine` in it.
   */
  readonly console?: (machine: MachineRef) => AsyncIterable<string>;
  /**
   * Looks at all that it needs on this computer, for `vmrig doctor`; makes and fetches nothing.
   * Throws nothing that is a finding.
   */
  readonly diagnose?: (copy: CopySpec) => Promise<readonly Finding[]>;
}
