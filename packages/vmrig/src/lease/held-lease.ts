import type { Fence } from "../driver/driver.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import type { KeepOptions } from "./retain.ts";
import { Keeper } from "./lease-renewer.ts";
import type { CopyName } from "./keys.ts";
import type { Holder, Lease, LeaseState } from "./lease.ts";
import type { Lock } from "./backends/lock.ts";
import type { Moment } from "./dual-timestamp.ts";
import type { Desk } from "./store-context.ts";

const RELEASE_MS = 3000;

/** What Redis granted. */
export interface Grant extends CopyName {
  readonly lock: Lock;
  readonly fence: Fence;
  /** When the request was sent. */
  readonly sent: Moment;
  readonly ttlMs: number;
}

export interface HeldLeaseOptions extends Pick<Desk, "ledger" | "clock"> {
  readonly holder: Holder;
  /** Called when it has been released. */
  readonly onEnd: () => void;
}

export class HeldLease implements Lease {
  readonly rig: string;
  readonly copy: string;
  readonly holder: Holder;
  readonly fence: Fence;
  readonly #lock: Lock;
  readonly #desk: HeldLeaseOptions;
  readonly #keeper: Keeper;
  #release: Promise<void> | undefined;

  constructor(grant: Grant, desk: HeldLeaseOptions) {
    const { holder, ledger, clock } = desk;
    this.rig = grant.rig;
    this.copy = grant.copy;
    this.holder = holder;
    this.fence = grant.fence;
    this.#lock = grant.lock;
    this.#desk = desk;
    this.#keeper = new Keeper({ ...grant, clock, explainLoss: () => ledger.explainLoss(grant) });
  }

  get signal(): AbortSignal {
    return this.#keeper.signal;
  }

  get state(): LeaseState {
    return this.#keeper.state;
  }

  remainingMs(): number {
    return this.#keeper.remainingMs();
  }

  assertHeld(): void {
    this.#keeper.assertHeld();
  }

  /** Redis refused something that only the holder may do. @throws VmrigError `LEASE_LOST` */
  async refused(): Promise<never> {
    await this.#keeper.refused();
    this.#keeper.assertHeld();
    throw new TypeError("unreachable: a refused lease is not held");
  }

  /** @throws VmrigError `LEASE_LOST`, `REDIS_UNREACHABLE`: then it is still held */
  async keep(options: KeepOptions): Promise<void> {
    this.#keeper.assertHeld();
    const kept = await this.#desk.ledger.keep({ ...options, rig: this.rig, copy: this.copy, value: this.#lock.value });
    if (!kept) return this.refused();
    this.#keeper.finish("kept");
    this.#desk.onEnd();
  }

  release(): Promise<void> {
    return (this.#release ??= this.#giveBack().finally(this.#desk.onEnd));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #giveBack(): Promise<void> {
    const timeoutMs = Math.min(RELEASE_MS, this.#keeper.finish());
    if (timeoutMs === 0) return;
    const unlock = (): Promise<Observation<void>> =>
      this.#lock.release().then(
        () => ({ value: undefined }),
        (error: Error) => ({ seen: error.message }),
      );
    // The TTL frees what Redis could not be told about.
    await waitFor({ what: "Redis to take the lock back", on: this.copy, timeoutMs, clock: this.#desk.clock, probe: unlock }).catch(
      () => {},
    );
  }
}
