import { VmrigError } from "../errors/vmrig-error.ts";
import type { WakeNotifier } from "./wake-notifier.ts";
import { HeldLease, type LeaseGrant } from "./held-lease.ts";
import type { CurrentHolder } from "./current-holder.ts";
import { printable } from "./holder.ts";
import { checkRetain, type RetainOptions } from "./retain.ts";
import type { CopyName } from "./keys.ts";
import type { Lease } from "./lease.ts";
import type { LeaseView } from "./lease-view.ts";
import { waitInQueue, type QueueTiming } from "./queue.ts";
import type { Revocation } from "./revoke.ts";
import type { StoreContext } from "./store-context.ts";
import { QueueWaiter } from "./queue-waiter.ts";
import { checkLeaseRequest, type LeaseRequest } from "./lease-request.ts";
import type { AcquireOptions, LeaseStore, TryAcquireOptions } from "./lease-store.ts";

/** {@link LeaseStore} on one Redis or several. */
export class RedisLeaseStore implements LeaseStore {
  readonly id: string;
  readonly shown: string;
  readonly #context: StoreContext;
  readonly #wakeNotifier: WakeNotifier;
  readonly #timing: QueueTiming;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<Promise<unknown>>();
  readonly #leases = new Set<HeldLease>();
  #closed: Promise<void> | undefined;

  constructor(context: StoreContext, wakeNotifier: WakeNotifier, timing: Partial<QueueTiming>) {
    this.id = context.backend.id;
    this.shown = context.backend.shown;
    this.#context = context;
    this.#wakeNotifier = wakeNotifier;
    this.#timing = { heartbeatMs: 2000, aliveMs: 6000, outageMs: 30_000, ...timing };
  }

  async tryAcquire(request: LeaseRequest, options: TryAcquireOptions): Promise<Lease | undefined> {
    const waiter = this.#waiter(request, options);
    const { ttlMs = 30_000 } = options;
    try {
      const { take } = await waiter.heartbeat({ aliveMs: this.#timing.aliveMs, ttlMs });
      const grant = take !== undefined ? await waiter.take(ttlMs) : undefined;
      if (grant !== undefined) return this.#lease(waiter, grant);
    } catch (error) {
      await waiter.leave();
      throw error;
    }
    await waiter.leave();
    return undefined;
  }

  async acquire(request: LeaseRequest, options: AcquireOptions): Promise<Lease> {
    const waiter = this.#waiter(request, options);
    const { signal: cancel, ttlMs = 30_000, waitForMs, onWait } = options;
    const signal =
      cancel === undefined ? this.#closing.signal : AbortSignal.any([cancel, this.#closing.signal]);
    const granted = waitInQueue(this.#context, waiter, {
      ttlMs,
      waitForMs,
      timing: this.#timing,
      wakeNotifier: this.#wakeNotifier,
      signal,
      ...(onWait === undefined ? {} : { onWait }),
    });
    this.#waiting.add(granted);
    try {
      return this.#lease(waiter, await granted);
    } finally {
      this.#waiting.delete(granted);
    }
  }

  async view({ rig, copies }: Pick<LeaseRequest, "rig" | "copies">): Promise<LeaseView> {
    return this.#context.backend.view(checkLeaseRequest({ rig, copies }));
  }

  record(copy: CopyName): Promise<unknown> {
    return this.#context.backend.record(copy);
  }

  async saveRecord(lease: Lease, value: unknown): Promise<void> {
    lease.assertHeld();
    if (!(await this.#context.backend.saveRecord(lease, value))) await refuse(lease);
  }

  async dropRecord(lease: Lease): Promise<void> {
    lease.assertHeld();
    if (!(await this.#context.backend.dropRecord(lease))) await refuse(lease);
  }

  async markUsed(lease: Lease): Promise<void> {
    lease.assertHeld();
    if (!(await this.#context.backend.markUsed(lease))) await refuse(lease);
  }

  lastUse(copy: CopyName): Promise<number | undefined> {
    return this.#context.backend.lastUse(copy);
  }

  async retain(lease: Lease, options: RetainOptions): Promise<void> {
    checkRetain(options);
    if (!(lease instanceof HeldLease))
      throw new TypeError(`the lease of "${lease.copy}" belongs to another store`);
    await lease.keep(options);
  }

  revoke(revocation: Revocation): Promise<CurrentHolder | undefined> {
    return this.#context.backend.revoke(revocation);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#closing.abort(
      new VmrigError("CANCELLED", {
        message: `The connection to Redis at ${this.shown} was closed.`,
      }),
    );
    await Promise.allSettled(this.#waiting);
    await Promise.all([...this.#leases].map((lease) => lease.release()));
    this.#wakeNotifier.close();
    this.#context.backend.close();
  }

  #waiter(request: LeaseRequest, { holder, ttlMs = 30_000 }: TryAcquireOptions): QueueWaiter {
    this.#closing.signal.throwIfAborted();
    const checked = checkLeaseRequest(request);
    if (!Number.isInteger(ttlMs) || ttlMs < 1000) {
      throw new VmrigError("CONFIG_INVALID", {
        message: `ttl must be a whole number of at least 1000 ms; got ${ttlMs}.`,
      });
    }
    return new QueueWaiter(this.#context, checked, printable(holder));
  }

  #lease(waiter: QueueWaiter, grant: LeaseGrant): Lease {
    const lease = new HeldLease(grant, {
      ...this.#context,
      holder: waiter.holder,
      onEnd: () => this.#leases.delete(lease),
    });
    this.#leases.add(lease);
    return lease;
  }
}

/** Marks the lease as lost now instead of at its next renewal. */
async function refuse(lease: Lease): Promise<never> {
  if (lease instanceof HeldLease) await lease.refused();
  throw new VmrigError("LEASE_LOST", {
    message: `Redis reports that this run no longer holds the lease of "${lease.copy}".`,
  });
}
