import { VmrigError } from "../errors/vmrig-error.ts";
import type { Bells } from "./wake-notifier.ts";
import { HeldLease, type Grant } from "./held-lease.ts";
import type { Hold } from "./current-holder.ts";
import { printable } from "./holder.ts";
import { checkKeep, type KeepOptions } from "./retain.ts";
import type { CopyName } from "./keys.ts";
import type { Lease } from "./lease.ts";
import type { LeaseView } from "./lease-view.ts";
import { waitForTurn, type QueueTiming } from "./queue.ts";
import type { Revocation } from "./revoke.ts";
import type { Desk } from "./store-context.ts";
import { Waiter } from "./queue-waiter.ts";
import { checkWish, type Wish } from "./lease-request.ts";
import type { AcquireOptions, LeaseStore, TryAcquireOptions } from "./lease-store.ts";

/** {@link LeaseStore} over one Redis or several. */
export class RedisLeaseStore implements LeaseStore {
  readonly id: string;
  readonly shown: string;
  readonly #desk: Desk;
  readonly #bells: Bells;
  readonly #timing: QueueTiming;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<Promise<unknown>>();
  readonly #leases = new Set<HeldLease>();
  #closed: Promise<void> | undefined;

  constructor(desk: Desk, bells: Bells, timing: Partial<QueueTiming>) {
    this.id = desk.ledger.id;
    this.shown = desk.ledger.shown;
    this.#desk = desk;
    this.#bells = bells;
    this.#timing = { heartbeatMs: 2000, aliveMs: 6000, outageMs: 30_000, ...timing };
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
    return this.#desk.ledger.view(checkWish({ rig, copies }));
  }

  record(copy: CopyName): Promise<unknown> {
    return this.#desk.ledger.record(copy);
  }

  async saveRecord(lease: Lease, value: unknown): Promise<void> {
    lease.assertHeld();
    if (!(await this.#desk.ledger.saveRecord(lease, value))) await refuse(lease);
  }

  async dropRecord(lease: Lease): Promise<void> {
    lease.assertHeld();
    if (!(await this.#desk.ledger.dropRecord(lease))) await refuse(lease);
  }

  async keep(lease: Lease, options: KeepOptions): Promise<void> {
    checkKeep(options);
    if (!(lease instanceof HeldLease)) throw new TypeError(`the lease of "${lease.copy}" is not of this store`);
    await lease.keep(options);
  }

  revoke(revocation: Revocation): Promise<Hold | undefined> {
    return this.#desk.ledger.revoke(revocation);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#closing.abort(new VmrigError("CANCELLED", { message: `The connection to Redis at ${this.shown} was closed.` }));
    await Promise.allSettled(this.#waiting);
    await Promise.all([...this.#leases].map((lease) => lease.release()));
    this.#bells.close();
    this.#desk.ledger.close();
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
