import { systemClock, type Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { Bells } from "./bells.ts";
import { connect, type Connection } from "./connection.ts";
import { HeldLease, type Grant } from "./held-lease.ts";
import type { Hold } from "./hold.ts";
import { printable } from "./holder.ts";
import { checkKeep, type KeepOptions } from "./keep.ts";
import type { CopyName } from "./keys.ts";
import type { Holder, Lease } from "./lease.ts";
import { viewRig, type LeaseView } from "./lease-view.ts";
import { lockPrimitive } from "./lock.ts";
import { waitForTurn, type QueueTiming } from "./queue.ts";
import { dropRecord, readRecord, saveRecord } from "./record.ts";
import type { RedisAddress } from "./redis-address.ts";
import { revokeLease, type Revocation } from "./revoke.ts";
import { Waiter, type Desk } from "./waiter.ts";
import type { WaitingLine } from "./waiting-line.ts";
import { checkWish, type Wish } from "./wish.ts";

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
  readonly onWait?: (line: WaitingLine) => void;
}

/** The leases of all rigs that are kept in one Redis. */
export interface LeaseStore extends AsyncDisposable {
  /** One attempt. `undefined` when there is no copy that is not held or waited for; no place in line is kept. @throws VmrigError `REDIS_UNREACHABLE` */
  tryAcquire(wish: Wish, options: TryAcquireOptions): Promise<Lease | undefined>;
  /**
   * Waits in the rig's one line, first come, first served, for the first copy that it accepts. A `waitForMs` of 0 looks once.
   * While a Redis without append-only file is up for less than a TTL nothing is granted: it may have forgotten who holds what.
   *
   * @throws VmrigError `RIG_BUSY` at its deadline, with who holds what and how many are ahead
   * @throws VmrigError `CANCELLED` when the signal aborts or the store is closed; the signal's reason itself when that is a VmrigError
   * @throws VmrigError `REDIS_UNREACHABLE` when Redis was silent for 30 s, or at the deadline
   */
  acquire(wish: Wish, options: AcquireOptions): Promise<Lease>;
  /** Changes nothing. @throws VmrigError `REDIS_UNREACHABLE` */
  view(rig: Pick<Wish, "rig" | "copies">): Promise<LeaseView>;
  /** The small JSON value that is kept beside the lease and outlives it; `undefined` when there is none. @throws VmrigError `REDIS_UNREACHABLE` */
  record(copy: CopyName): Promise<unknown>;
  /** @throws VmrigError `LEASE_LOST` when the lease is not ours any more: nothing is written then. `REDIS_UNREACHABLE` */
  saveRecord(lease: Lease, value: unknown): Promise<void>;
  /** @throws VmrigError `LEASE_LOST` when the lease is not ours any more: nothing is removed then. `REDIS_UNREACHABLE` */
  dropRecord(lease: Lease): Promise<void>;
  /**
   * Leaves a copy as it is for people to look at, although its run is over: the lease outlives this process, and ends by itself after
   * `forMs`, or earlier by `revoke` with its fence. The `Lease` ends in state `kept`.
   *
   * @throws VmrigError `CONFIG_INVALID` for more than 24 hours
   * @throws VmrigError `LEASE_LOST` when it is not ours any more; `REDIS_UNREACHABLE`: then it is still held
   */
  keep(lease: Lease, options: KeepOptions): Promise<void>;
  /**
   * Takes a lease away from whoever holds it: its holder loses it at its next renewal, and is told by whom. The next in line has it at once.
   *
   * @returns who was cut off; `undefined` when the lease with this fence had ended already, and nothing was done
   * @throws VmrigError `REDIS_UNREACHABLE`: ask `view` what came of it
   */
  revoke(revocation: Revocation): Promise<Hold | undefined>;
  /** Sends the waiting home, releases what is held, leaves no socket and no timer behind. Never throws. */
  close(): Promise<void>;
}

export interface LeaseStoreOptions {
  readonly redis: RedisAddress;
  /** First part of every key, which an ACL can name. @defaultValue `vmrig` */
  readonly namespace?: string;
  readonly clock?: Clock;
  /** For tests and unusual networks. A command to Redis counts as unanswered after `commandTimeoutMs`. @defaultValue 1500 */
  readonly timing?: Partial<QueueTiming & { readonly commandTimeoutMs: number }>;
}

/** @throws VmrigError `REDIS_UNREACHABLE` with the address, without credentials; `CONFIG_INVALID` for an address that is none */
export async function openLeaseStore(options: LeaseStoreOptions): Promise<LeaseStore> {
  const { clock = systemClock, timing = {} } = options;
  const connection = await connect(options.redis, { commandTimeoutMs: timing.commandTimeoutMs ?? 1500, clock });
  return new RedisLeaseStore(connection, options, clock);
}

class RedisLeaseStore implements LeaseStore {
  readonly #connection: Connection;
  readonly #namespace: string;
  readonly #desk: Desk;
  readonly #bells: Bells;
  readonly #timing: QueueTiming;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<Promise<unknown>>();
  readonly #leases = new Set<HeldLease>();
  #closed: Promise<void> | undefined;

  constructor(connection: Connection, options: LeaseStoreOptions, clock: Clock) {
    this.#connection = connection;
    this.#namespace = options.namespace ?? "vmrig";
    this.#bells = new Bells(options.redis);
    this.#timing = { heartbeatMs: 2000, aliveMs: 6000, outageMs: 30_000, ...options.timing };
    this.#desk = { connection, takeLock: lockPrimitive(connection.redis), namespace: this.#namespace, clock };
  }

  async tryAcquire(wish: Wish, options: TryAcquireOptions): Promise<Lease | undefined> {
    const waiter = this.#waiter(wish, options);
    const { ttlMs = 30_000 } = options;
    try {
      const { take } = await waiter.look({ aliveMs: this.#timing.aliveMs, ttlMs });
      const grant = take !== undefined ? await waiter.take(ttlMs) : undefined;
      if (grant !== undefined) return this.#lease(waiter, grant);
    } catch (error) {
      await waiter.leave();
      throw error;
    }
    await waiter.leave();
    return undefined;
  }

  async acquire(wish: Wish, options: AcquireOptions): Promise<Lease> {
    const waiter = this.#waiter(wish, options);
    const { signal: cancel, ttlMs = 30_000, waitForMs, onWait } = options;
    const signal = cancel === undefined ? this.#closing.signal : AbortSignal.any([cancel, this.#closing.signal]);
    const turn = waitForTurn(this.#desk, waiter, {
      ttlMs,
      waitForMs,
      timing: this.#timing,
      bells: this.#bells,
      signal,
      ...(onWait === undefined ? {} : { onWait }),
    });
    this.#waiting.add(turn);
    try {
      return this.#lease(waiter, await turn);
    } finally {
      this.#waiting.delete(turn);
    }
  }

  async view({ rig, copies }: Pick<Wish, "rig" | "copies">): Promise<LeaseView> {
    return viewRig(this.#connection, this.#namespace, checkWish({ rig, copies }));
  }

  record(copy: CopyName): Promise<unknown> {
    return readRecord(this.#connection, this.#namespace, copy);
  }

  async saveRecord(lease: Lease, value: unknown): Promise<void> {
    lease.assertHeld();
    if (!(await saveRecord(this.#connection, this.#namespace, lease, value))) await refuse(lease);
  }

  async dropRecord(lease: Lease): Promise<void> {
    lease.assertHeld();
    if (!(await dropRecord(this.#connection, this.#namespace, lease))) await refuse(lease);
  }

  async keep(lease: Lease, options: KeepOptions): Promise<void> {
    checkKeep(options);
    if (!(lease instanceof HeldLease)) throw new TypeError(`the lease of "${lease.copy}" is not of this store`);
    await lease.keep(options);
  }

  revoke(revocation: Revocation): Promise<Hold | undefined> {
    return revokeLease(this.#connection, this.#namespace, revocation);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#closing.abort(new VmrigError("CANCELLED", { message: `The connection to Redis at ${this.#connection.shown} was closed.` }));
    await Promise.allSettled(this.#waiting);
    await Promise.all([...this.#leases].map((lease) => lease.release()));
    this.#bells.close();
    this.#connection.close();
  }

  #waiter(wish: Wish, { holder, ttlMs = 30_000 }: TryAcquireOptions): Waiter {
    this.#closing.signal.throwIfAborted();
    const checked = checkWish(wish);
    if (!Number.isInteger(ttlMs) || ttlMs < 1000) {
      throw new VmrigError("CONFIG_INVALID", { message: `A lease cannot have a ttl of ${ttlMs} ms: whole milliseconds, at least 1000.` });
    }
    return new Waiter(this.#desk, checked, printable(holder));
  }

  #lease(waiter: Waiter, grant: Grant): Lease {
    const lease = new HeldLease(grant, {
      ...this.#desk,
      holder: waiter.holder,
      onEnd: () => this.#leases.delete(lease),
    });
    this.#leases.add(lease);
    return lease;
  }
}

/** What the next renewal would find out is known now. */
async function refuse(lease: Lease): Promise<never> {
  if (lease instanceof HeldLease) await lease.refused();
  throw new VmrigError("LEASE_LOST", { message: `Redis says that the lease of "${lease.copy}" is no longer ours.` });
}
