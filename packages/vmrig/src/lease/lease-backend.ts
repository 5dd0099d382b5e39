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

/** A waiter as it introduces itself each time. */
export interface QueueEntry {
  readonly id: string;
  readonly request: Required<LeaseRequest>;
  readonly holder: Holder;
  /** Grows with each look. */
  readonly attempt: number;
  /**
   * Its time of arrival, as the first look was told; 0 before. It goes with the waiter, so that the
   * order outlives a loss of the data.
   */
  readonly ticket: number;
}

/** The line as a waiter finds it at one heartbeat. */
export interface QueueState {
  readonly ticket: number;
  /**
   * How many are ahead; those behind them may be served first all the same, with copies that these
   * do not accept.
   */
  readonly ahead: number;
  readonly waiting: number;
  /** The copy that this waiter may take now. */
  readonly take?: string;
  /** Who holds the copies that this waiter accepts. */
  readonly held: readonly CurrentHolder[];
  /**
   * When somebody ahead, who may take one of them now, counts as gone if its heartbeat does not
   * come.
   */
  readonly aheadExpiresInMs?: number;
  /** Redis restarted without persistence, so that nothing is granted yet. */
  readonly restarted?: Restarted;
}

/** What a waiter was given. */
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
 * Where the leases of one store are written down: one Redis, or several of which the majority
 * decides. All may throw `REDIS_UNREACHABLE`.
 */
export interface LeaseBackend {
  /** Tells two ledgers apart, whatever their addresses. */
  readonly id: string;
  /** The addresses, without credentials. */
  readonly shown: string;
  /**
   * Gets a waiter in line the first time; says "still here" for `aliveMs` every time. Undoes a
   * grant whose answer the waiter never saw.
   */
  heartbeat(place: QueueEntry, times: HeartbeatTimes): Promise<QueueState>;
  /** One try to take `copy`, which the last look offered. `undefined`: there is none any more. */
  take(
    place: QueueEntry,
    copy: string | undefined,
    ttlMs: number,
  ): Promise<GrantedCopy | undefined>;
  /** Takes a waiter out of the line, with what it was granted without seeing it. */
  leave(place: QueueEntry): Promise<void>;
  view(rig: Required<LeaseRequest>): Promise<LeaseView>;
  /**
   * What was saved last, `undefined` when there is nothing or it is not JSON: a record is a cache.
   */
  record(copy: CopyName): Promise<unknown>;
  /** @returns whether the lease was still known; else nothing was written */
  saveRecord(lease: FencedCopy, value: unknown): Promise<boolean>;
  /** @returns whether the lease was still known; else nothing was removed */
  dropRecord(lease: FencedCopy): Promise<boolean>;
  /** @returns whether the lock was still ours; else nothing was changed */
  retain(kept: RetainOptions & CopyName & { readonly value: string }): Promise<boolean>;
  /** @returns who was cut off, `undefined` when the lease with this fence had ended already */
  revoke(revocation: Revocation): Promise<CurrentHolder | undefined>;
  /** Why a lease is not known as ours any more, one fact a line. */
  explainLoss(lease: FencedCopy): Promise<string[]>;
  close(): void;
}

/** A copy under one of its leases. */
export interface FencedCopy extends CopyName {
  readonly fence: Fence;
}
