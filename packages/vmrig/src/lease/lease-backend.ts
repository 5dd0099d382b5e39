import type { Fence } from "../driver/driver.ts";
import type { CurrentHolder } from "./current-holder.ts";
import type { RetainOptions } from "./retain.ts";
import type { CopyName } from "./keys.ts";
import type { Holder } from "./lease.ts";
import type { LeaseView } from "./lease-view.ts";
import type { Lock } from "./backends/lock.ts";
import type { Revocation } from "./revoke.ts";
import type { Restarted } from "./queue-status.ts";
import type { LeaseRequest } from "./lease-request.ts";

/** Waiter in the queue, as it identifies itself at each call. */
export interface QueueEntry {
  readonly id: string;
  readonly request: Required<LeaseRequest>;
  readonly holder: Holder;
  /** Grows with each heartbeat. */
  readonly attempt: number;
  /**
   * Time of arrival, as the first heartbeat returned it; 0 before. The waiter stores it, so that
   * the order outlives a loss of the data.
   */
  readonly ticket: number;
}

/** State of the queue at one heartbeat of a waiter. */
export interface QueueState {
  readonly ticket: number;
  /**
   * Number of waiters ahead. Waiters behind may still be served first, with copies that this waiter
   * and those ahead do not accept.
   */
  readonly ahead: number;
  readonly waiting: number;
  /** Copy that this waiter may take now. */
  readonly take?: string;
  /** Holders of the copies that this waiter accepts. */
  readonly held: readonly CurrentHolder[];
  /**
   * Time until a waiter ahead, who may take such a copy now, is removed if its heartbeat does not
   * arrive.
   */
  readonly aheadExpiresInMs?: number;
  /** Set after Redis restarted without persistence: nothing is granted yet. */
  readonly restarted?: Restarted;
}

/** Copy that was granted to a waiter. */
export interface GrantedCopy {
  readonly copy: string;
  readonly lock: Lock;
  readonly fence: Fence;
}

export interface HeartbeatTimes {
  readonly aliveMs: number;
  readonly ttlMs: number;
}

/**
 * Storage of the leases of one store: one Redis, or several of which the majority decides. All
 * methods may throw `REDIS_UNREACHABLE`.
 */
export interface LeaseBackend {
  /** Identifies the backend, whatever its addresses are. */
  readonly id: string;
  /** Printable addresses, without credentials. */
  readonly shown: string;
  /**
   * Adds a waiter to the queue the first time. The waiter counts as alive for `aliveMs` after each
   * call. Undoes a grant whose answer the waiter never received.
   */
  heartbeat(entry: QueueEntry, times: HeartbeatTimes): Promise<QueueState>;
  /**
   * Tries once to take `copy`, which the last heartbeat offered. Returns `undefined` when the copy
   * is no longer available.
   */
  take(
    entry: QueueEntry,
    copy: string | undefined,
    ttlMs: number,
  ): Promise<GrantedCopy | undefined>;
  /** Removes a waiter from the queue, and releases a grant whose answer it never received. */
  leave(entry: QueueEntry): Promise<void>;
  view(rig: Required<LeaseRequest>): Promise<LeaseView>;
  /**
   * Returns the last saved value; `undefined` when there is none or it is not JSON, because a
   * record is a cache.
   */
  record(copy: CopyName): Promise<unknown>;
  /** Saves a value. @returns whether the lease was still known; else nothing was written */
  saveRecord(lease: FencedCopy, value: unknown): Promise<boolean>;
  /** Removes the value. @returns whether the lease was still known; else nothing was removed */
  dropRecord(lease: FencedCopy): Promise<boolean>;
  /** Notes that a copy is used now. @returns whether the lease was still known; else nothing was noted */
  markUsed(lease: FencedCopy): Promise<boolean>;
  /** Returns the milliseconds since the last noted use; `undefined` when there was none. */
  lastUse(copy: CopyName): Promise<number | undefined>;
  /** Retains a copy. @returns whether the lock was still held; else nothing was changed */
  retain(options: RetainOptions & CopyName & { readonly value: string }): Promise<boolean>;
  /**
   * Ends a lease by force.
   *
   * @returns the holder whose lease was ended; `undefined` when the lease with this fence had
   *   already ended
   */
  revoke(revocation: Revocation): Promise<CurrentHolder | undefined>;
  /** Returns why a lease is no longer known, one fact per line. */
  explainLoss(lease: FencedCopy): Promise<string[]>;
  close(): void;
}

/** A copy and the fence of one of its leases. */
export interface FencedCopy extends CopyName {
  readonly fence: Fence;
}
