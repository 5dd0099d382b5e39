import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { LeaseState } from "./lease.ts";
import type { Lock } from "./backends/lock.ts";
import { leaseLost, PAUSED, REFUSED, silent, type Loss } from "./loss.ts";
import { later, now, msSince, msUntil, type DualTimestamp } from "./dual-timestamp.ts";

/** Clocks of two computers run at speeds that differ by less than this part. */
const DRIFT = 0.01;
/** Covers the granularity of Redis' expiry and of our own timers. */
const MARGIN_MS = 50;
/** Between two tries while Redis does not answer; a twentieth of the TTL when that is shorter. */
const RETRY_MS = 500;
/** How long the abort may wait for the name of who took the lock. */
const EXPLAIN_MS = 300;

export interface LeaseRenewerOptions {
  /** Its name. */
  readonly copy: string;
  readonly lock: Lock;
  readonly ttlMs: number;
  /**
   * When the request that was granted was *sent*: the key cannot live shorter than a TTL from then
   * on.
   */
  readonly sent: DualTimestamp;
  readonly clock: Clock;
  /** Asks Redis once, after it refused, who took the lock: facts for people. */
  readonly explainLoss: () => Promise<readonly string[]>;
}

/**
 * Keeps one lock alive: renews it each third of its TTL, knows until when it is certain to be ours,
 * and says so as soon as it is not.
 *
 * - Redis says no: lost at once. It is the authority. It is asked who has the lock, and the signal
 *   aborts with its answer, or without.
 * - Redis does not answer: tried again until the last renewal that was answered runs out. That
 *   deadline counts from the sending of that renewal, so it comes before the key can expire.
 * - This process did not run: noticed by whoever asks first, because
 *   {@link LeaseRenewer.assertHeld} reads the clocks itself.
 */
export class LeaseRenewer {
  readonly #options: LeaseRenewerOptions;
  readonly #lost = new AbortController();
  readonly #stop = new AbortController();
  #state: LeaseState = "held";
  #renewed: DualTimestamp;
  #validUntil: DualTimestamp;
  #answered: DualTimestamp;
  #lastFailure: string | undefined;
  #refused: Promise<void> | undefined;

  constructor(options: LeaseRenewerOptions) {
    this.#options = options;
    this.#renewed = options.sent;
    this.#answered = options.sent;
    this.#validUntil = this.#certainFrom(options.sent);
    void this.#untilStopped(this.#renewAgainAndAgain());
    void this.#untilStopped(this.#watch());
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  get state(): LeaseState {
    return this.#state;
  }

  remainingMs(): number {
    return this.#state === "held" ? Math.max(0, msUntil(this.#validUntil, this.#options.clock)) : 0;
  }

  assertHeld(): void {
    if (this.#state === "released" || this.#state === "kept") {
      throw new VmrigError("LEASE_LOST", {
        message: `The lease of "${this.#options.copy}" was ${this.#state}: nothing may touch it any more.`,
        hint: "this is a bug in vmrig: please report it with the stack",
      });
    }
    if (this.#state === "held" && this.remainingMs() === 0) this.#expire();
    if (this.#state === "lost") this.#tell(REFUSED); // whoever asks while Redis is asked for the name does not wait for that
    this.signal.throwIfAborted();
  }

  /**
   * The holder is done.
   *
   * @returns for how many milliseconds there is still something to give back; 0 when the lease was
   *   lost
   */
  finish(as: "released" | "kept" = "released"): number {
    const left = this.remainingMs();
    if (this.#state === "held" && left === 0) this.#expire();
    if (this.#state === "held") {
      this.#state = as;
      this.#stop.abort();
    }
    return left;
  }

  /**
   * Redis refused: the lock is gone or somebody else's. Lost from this call on; resolves when the
   * signal has aborted.
   */
  refused(): Promise<void> {
    return (this.#refused ??= this.#loseWithReason());
  }

  async #loseWithReason(): Promise<void> {
    const patienceMs = Math.min(EXPLAIN_MS, this.remainingMs());
    if (!this.#end()) return;
    const answered = new AbortController();
    const tooLong = this.#options.clock.sleep(patienceMs, answered.signal);
    const facts = await Promise.race([this.#options.explainLoss(), tooLong.then(() => [])]).catch(
      () => [],
    );
    answered.abort();
    tooLong.catch(() => {});
    this.#tell({ ...REFUSED, facts });
  }

  async #renewAgainAndAgain(): Promise<void> {
    const { clock, ttlMs } = this.#options;
    let pauseMs = ttlMs / 3;
    while (this.#state === "held") {
      await clock.sleep(pauseMs, this.#stop.signal);
      if (this.remainingMs() === 0) return this.#expire();
      pauseMs = (await this.#renew()) ? ttlMs / 3 : Math.min(RETRY_MS, ttlMs / 20);
    }
  }

  async #renew(): Promise<boolean> {
    const { clock, lock, ttlMs } = this.#options;
    const sent = now(clock);
    let extended: boolean;
    try {
      extended = await lock.extend(ttlMs);
    } catch (error) {
      this.#lastFailure = (error as Error).message;
      return false;
    }
    if (extended && this.#state === "held") {
      this.#renewed = sent;
      this.#answered = now(this.#options.clock);
      this.#validUntil = this.#certainFrom(sent);
      this.#lastFailure = undefined;
    } else if (extended && this.#state === "lost") {
      // Given up while the answer was on its way: nobody should wait another TTL for a lock that
      // nobody believes in.
      await lock.release().catch(() => {});
    } else if (this.#state === "held") {
      await this.refused();
    }
    return extended;
  }

  /** Its own loop, because a renewal that is never answered must not hold up the deadline. */
  async #watch(): Promise<void> {
    for (let left = this.remainingMs(); left > 0; left = this.remainingMs()) {
      await this.#options.clock.sleep(left, this.#stop.signal);
    }
    if (this.#state === "held") this.#expire();
  }

  #certainFrom(sent: DualTimestamp): DualTimestamp {
    return later(sent, this.#options.ttlMs * (1 - DRIFT) - MARGIN_MS);
  }

  #expire(): void {
    const silentForMs = msSince(this.#answered, this.#options.clock);
    this.#lose(this.#lastFailure === undefined ? PAUSED : silent(this.#lastFailure, silentForMs));
  }

  #lose(loss: Loss): void {
    if (this.#end()) this.#tell(loss);
  }

  /** @returns whether it was held until now */
  #end(): boolean {
    if (this.#state !== "held") return false;
    this.#state = "lost";
    this.#stop.abort();
    return true;
  }

  /** The first reason stays. */
  #tell(loss: Loss): void {
    if (this.#lost.signal.aborted) return;
    const { copy, ttlMs, clock } = this.#options;
    this.#lost.abort(
      leaseLost({ copy, ttlMs, sinceRenewalMs: msSince(this.#renewed, clock) }, loss),
    );
  }

  /**
   * A loop ends by being stopped. Should it ever end by a bug, a lease that nobody renews is given
   * up at once.
   */
  async #untilStopped(loop: Promise<void>): Promise<void> {
    try {
      await loop;
    } catch (error) {
      if (!this.#stop.signal.aborted) {
        this.#lose({
          why: `its renewer failed (${String(error)})`,
          hint: "this is a bug in vmrig: please report it",
        });
      }
    }
  }
}
