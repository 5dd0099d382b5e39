import type { Fence } from "../driver/driver.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import type { RetainOptions } from "./retain.ts";
import { LeaseRenewer } from "./lease-renewer.ts";
import type { CopyName } from "./keys.ts";
import type { Holder, Lease, LeaseState } from "./lease.ts";
import type { Lock } from "./backends/lock.ts";
import type { DualTimestamp } from "./dual-timestamp.ts";
import type { StoreContext } from "./store-context.ts";

const RELEASE_MS = 3000;

/** Lease as Redis granted it. */
export interface LeaseGrant extends CopyName {
  readonly lock: Lock;
  readonly fence: Fence;
  /** Time at which the request was sent. */
  readonly sent: DualTimestamp;
  readonly ttlMs: number;
}

export interface HeldLeaseOptions extends Pick<StoreContext, "backend" | "clock"> {
  readonly holder: Holder;
  /** Called when the lease has ended. */
  readonly onEnd: () => void;
}

export class HeldLease implements Lease {
  readonly rig: string;
  readonly copy: string;
  readonly holder: Holder;
  readonly fence: Fence;
  readonly #lock: Lock;
  readonly #context: HeldLeaseOptions;
  readonly #renewer: LeaseRenewer;
  #release: Promise<void> | undefined;

  constructor(grant: LeaseGrant, context: HeldLeaseOptions) {
    const { holder, backend, clock } = context;
    this.rig = grant.rig;
    this.copy = grant.copy;
    this.holder = holder;
    this.fence = grant.fence;
    this.#lock = grant.lock;
    this.#context = context;
    this.#renewer = new LeaseRenewer({
      ...grant,
      clock,
      explainLoss: () => backend.explainLoss(grant),
    });
  }

  get signal(): AbortSignal {
    return this.#renewer.signal;
  }

  get state(): LeaseState {
    return this.#renewer.state;
  }

  remainingMs(): number {
    return this.#renewer.remainingMs();
  }

  assertHeld(): void {
    this.#renewer.assertHeld();
  }

  /**
   * Handles a command that Redis refused because only the holder may run it. @throws VmrigError
   * `LEASE_LOST`
   */
  async refused(): Promise<never> {
    await this.#renewer.refused();
    this.#renewer.assertHeld();
    throw new TypeError("unreachable: a refused lease is never held");
  }

  /**
   * Retains the copy. @throws VmrigError `LEASE_LOST`; `REDIS_UNREACHABLE`, with which the lease is
   * still held
   */
  async keep(options: RetainOptions): Promise<void> {
    this.#renewer.assertHeld();
    const retained = await this.#context.backend.retain({
      ...options,
      rig: this.rig,
      copy: this.copy,
      value: this.#lock.value,
    });
    if (!retained) return this.refused();
    this.#renewer.finish("retained");
    this.#context.onEnd();
  }

  release(): Promise<void> {
    return (this.#release ??= this.#releaseLock().finally(this.#context.onEnd));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #releaseLock(): Promise<void> {
    const timeoutMs = Math.min(RELEASE_MS, this.#renewer.finish());
    if (timeoutMs === 0) return;
    const unlock = (): Promise<Observation<void>> =>
      this.#lock.release().then(
        () => ({ value: undefined }),
        (error: Error) => ({ seen: error.message }),
      );
    // If Redis cannot be reached, the TTL releases the lock.
    await waitFor({
      what: "Redis to release the lock",
      on: this.copy,
      timeoutMs,
      clock: this.#context.clock,
      probe: unlock,
    }).catch(() => {});
  }
}
