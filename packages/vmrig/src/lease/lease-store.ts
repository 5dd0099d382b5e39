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
  /** How long the lease outlives a holder that is killed. @defaultValue 30000 */
  readonly ttlMs?: number;
}

export interface AcquireOptions extends TryAcquireOptions {
  readonly waitForMs: number;
  /** Leaves the queue when it aborts. */
  readonly signal?: AbortSignal;
  /** Called when the queue or a holder changed, and every 30 s otherwise. */
  readonly onWait?: (status: QueueStatus) => void;
}

/** Store of the leases of all rigs in one Redis, or in several of which the majority decides. */
export interface LeaseStore extends AsyncDisposable {
  /**
   * Random UUID stored in Redis. Two stores with the same id share their leases, whatever their
   * addresses are.
   */
  readonly id: string;
  /** Printable address, without credentials. Includes the namespace unless that is the default. */
  readonly shown: string;
  /**
   * Tries once to lease a copy. Returns `undefined` when each accepted copy is held or has a
   * waiter. The caller gets no position in the queue.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  tryAcquire(request: LeaseRequest, options: TryAcquireOptions): Promise<Lease | undefined>;
  /**
   * Waits in the queue of the rig, first come, first served, for the first copy that the request
   * accepts. A `waitForMs` of 0 tries once. A Redis without an append-only file grants nothing in
   * the first TTL after its start, because it may have forgotten leases.
   *
   * @throws VmrigError `RIG_BUSY` at the deadline, with the holders and the number of waiters ahead
   * @throws VmrigError `CANCELLED` when the signal aborts or the store is closed; the reason of the
   *   signal when that is a VmrigError
   * @throws VmrigError `REDIS_UNREACHABLE` when Redis did not answer for 30 s, or at the deadline
   */
  acquire(request: LeaseRequest, options: AcquireOptions): Promise<Lease>;
  /**
   * Returns the holders and the queue of a rig. Read-only. @throws VmrigError `REDIS_UNREACHABLE`
   */
  view(rig: Pick<LeaseRequest, "rig" | "copies">): Promise<LeaseView>;
  /**
   * Returns the small JSON value that is stored with the lease and outlives it; `undefined` when
   * there is none.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  record(copy: CopyName): Promise<unknown>;
  /**
   * Stores a JSON value for the leased copy.
   *
   * @throws VmrigError `LEASE_LOST` when the lease is no longer held. Nothing is written then.
   *   `REDIS_UNREACHABLE`
   */
  saveRecord(lease: Lease, value: unknown): Promise<void>;
  /**
   * Removes the stored value of the leased copy.
   *
   * @throws VmrigError `LEASE_LOST` when the lease is no longer held. Nothing is removed then.
   *   `REDIS_UNREACHABLE`
   */
  dropRecord(lease: Lease): Promise<void>;
  /**
   * Notes that the leased copy is used now, by Redis' clock. The note outlives the lease.
   *
   * @throws VmrigError `LEASE_LOST` when the lease is no longer held; `REDIS_UNREACHABLE`
   */
  markUsed(lease: Lease): Promise<void>;
  /**
   * Returns the milliseconds since the last noted use of a copy; `undefined` when there was none.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  lastUse(copy: CopyName): Promise<number | undefined>;
  /**
   * Retains a copy unchanged for people to inspect after its run is over. The lease outlives this
   * process. It ends after `forMs`, or earlier by `revoke` with its fence. The state of the `Lease`
   * becomes `retained`.
   *
   * @throws VmrigError `CONFIG_INVALID` for more than 24 hours
   * @throws VmrigError `LEASE_LOST` when the lease is no longer held
   * @throws VmrigError `REDIS_UNREACHABLE`; the lease is still held then
   */
  retain(lease: Lease, options: RetainOptions): Promise<void>;
  /**
   * Ends a lease by force. The holder loses the lease at its next renewal, and its error names the
   * person in `by`. The next waiter in the queue gets the copy immediately.
   *
   * @returns the holder whose lease was ended; `undefined` when the lease with this fence had
   *   already ended, and nothing was done
   * @throws VmrigError `REDIS_UNREACHABLE`. Call `view` to see whether the lease was ended
   */
  revoke(revocation: Revocation): Promise<CurrentHolder | undefined>;
  /**
   * Cancels all waiters, releases all held leases, and closes all sockets and timers. Never throws.
   */
  close(): Promise<void>;
}
