import type { CurrentHolder } from "./current-holder.ts";
import type { RetainOptions } from "./retain.ts";
import type { CopyName } from "./keys.ts";
import type { Holder, Lease } from "./lease.ts";
import type { LeaseView } from "./lease-view.ts";
import type { Revocation } from "./revoke.ts";
import type { QueueStatus } from "./queue-status.ts";
import type { LeaseRequest } from "./lease-request.ts";

export interface TryAcquireOptions {
  readonly holder: Holder;
  /** How long the lease outlives a holder that dies. @defaultValue 30000 */
  readonly ttlMs?: number;
}

export interface AcquireOptions extends TryAcquireOptions {
  readonly waitForMs: number;
  /** Leaves the line at once when it aborts. */
  readonly signal?: AbortSignal;
  /** Called when the line, or who holds what, changed, and every 30 s otherwise. */
  readonly onWait?: (line: QueueStatus) => void;
}

/**
 * The leases of all rigs that are kept in one Redis, or in several of which the majority decides.
 */
export interface LeaseStore extends AsyncDisposable {
  /**
   * A random UUID kept in Redis. Two stores with the same id speak of the same leases, whatever
   * their addresses are.
   */
  readonly id: string;
  /** Where it is, without credentials, with its namespace when that is not the usual one. */
  readonly shown: string;
  /**
   * One attempt. `undefined` when there is no copy that is not held or waited for; no place in line
   * is kept.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  tryAcquire(request: LeaseRequest, options: TryAcquireOptions): Promise<Lease | undefined>;
  /**
   * Waits in the rig's one line, first come, first served, for the first copy that it accepts. A
   * `waitForMs` of 0 looks once. While a Redis without append-only file is up for less than a TTL
   * nothing is granted: it may have forgotten who holds what.
   *
   * @throws VmrigError `RIG_BUSY` at its deadline, with who holds what and how many are ahead
   * @throws VmrigError `CANCELLED` when the signal aborts or the store is closed; the signal's
   *   reason itself when that is a VmrigError
   * @throws VmrigError `REDIS_UNREACHABLE` when Redis was silent for 30 s, or at the deadline
   */
  acquire(request: LeaseRequest, options: AcquireOptions): Promise<Lease>;
  /** Changes nothing. @throws VmrigError `REDIS_UNREACHABLE` */
  view(rig: Pick<LeaseRequest, "rig" | "copies">): Promise<LeaseView>;
  /**
   * The small JSON value that is kept beside the lease and outlives it; `undefined` when there is
   * none.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  record(copy: CopyName): Promise<unknown>;
  /**
   * @throws VmrigError `LEASE_LOST` when the lease is not ours any more: nothing is written then.
   *   `REDIS_UNREACHABLE`
   */
  saveRecord(lease: Lease, value: unknown): Promise<void>;
  /**
   * @throws VmrigError `LEASE_LOST` when the lease is not ours any more: nothing is removed then.
   *   `REDIS_UNREACHABLE`
   */
  dropRecord(lease: Lease): Promise<void>;
  /**
   * Leaves a copy as it is for people to look at, although its run is over: the lease outlives this
   * process, and ends by itself after `forMs`, or earlier by `revoke` with its fence. The `Lease`
   * ends in state `kept`.
   *
   * @throws VmrigError `CONFIG_INVALID` for more than 24 hours
   * @throws VmrigError `LEASE_LOST` when it is not ours any more; `REDIS_UNREACHABLE`: then it is
   *   still held
   */
  retain(lease: Lease, options: RetainOptions): Promise<void>;
  /**
   * Takes a lease away from whoever holds it: its holder loses it at its next renewal, and is told
   * by whom. The next in line has it at once.
   *
   * @returns who was cut off; `undefined` when the lease with this fence had ended already, and
   *   nothing was done
   * @throws VmrigError `REDIS_UNREACHABLE`: ask `view` what came of it
   */
  revoke(revocation: Revocation): Promise<CurrentHolder | undefined>;
  /**
   * Sends the waiting home, releases what is held, leaves no socket and no timer behind. Never
   * throws.
   */
  close(): Promise<void>;
}
