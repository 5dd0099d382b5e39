import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { LeaseState } from "./lease.ts";
import { LockError, type Lock } from "./backends/lock.ts";
import type { Refusal } from "../redis/refusal.ts";
import { leaseLost, PAUSED, REFUSED, refusing, silent, type Loss } from "./loss.ts";
import { later, now, msSince, msUntil, type DualTimestamp } from "./dual-timestamp.ts";

/** Upper bound of the speed difference between the clocks of two computers. */
const DRIFT = 0.01;
/** Covers the granularity of the expiry in Redis and of the timers of this process. */
const MARGIN_MS = 50;
/**
 * Pause between two attempts while Redis does not answer; a twentieth of the TTL when that is
 * shorter.
 */
const RETRY_MS = 500;
/** A refusal explains the loss unless Redis was silent for this long since. */
const SILENT_MS = 4000;
/** How long the abort may wait for the name of the new holder. */
const EXPLAIN_MS = 300;

export interface LeaseRenewerOptions {
  /** Name of the copy. */
  readonly copy: string;
  readonly lock: Lock;
  readonly ttlMs: number;
  /** Time at which the granted request was *sent*: the key lives at least one TTL from then on. */
  readonly sent: DualTimestamp;
  readonly clock: Clock;
  /** Asks Redis once, after a refusal, for the reason. Returns facts for people. */
  readonly explainLoss: () => Promise<readonly string[]>;
}

/**
 * Renews one lock each third of its TTL, tracks until when the lock is certain to be held, and
 * reports its loss as soon as possible.
 *
 * - Redis refuses: the lease is lost immediately, because Redis is the authority. Redis is asked
 *   for the new holder, and the signal aborts with the answer or without one.
 * - Redis does not answer: the renewal is retried until the last confirmed renewal runs out. That
 *   deadline counts from the sending of that renewal, so it comes before the key can expire.
 * - This process did not run: the next call of {@link LeaseRenewer.assertHeld} detects it, because
 *   that method reads the clocks itself.
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
  #lastRefusal: Refusal | undefined;
  #refused: Promise<void> | undefined;

  constructor(options: LeaseRenewerOptions) {
    this.#options = options;
    this.#renewed = options.sent;
    this.#answered = options.sent;
    this.#validUntil = this.#validFrom(options.sent);
    void this.#loseOnFailure(this.#renewLoop());
    void this.#loseOnFailure(this.#watchDeadline());
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
    if (this.#state === "released" || this.#state === "retained") {
      throw new VmrigError("LEASE_LOST", {
        message: `The lease of "${this.#options.copy}" was ${this.#state}: it must not be used any more.`,
        hint: "this is a bug in vmrig: please report it with the stack",
      });
    }
    if (this.#state === "held" && this.remainingMs() === 0) this.#expire();
    // A caller does not wait while Redis is asked for the new holder.
    if (this.#state === "lost") this.#abort(REFUSED);
    this.signal.throwIfAborted();
  }

  /**
   * Ends the lease for its holder.
   *
   * @returns for how many milliseconds the lock still has to be released; 0 when the lease was lost
   */
  finish(as: "released" | "retained" = "released"): number {
    const remaining = this.remainingMs();
    if (this.#state === "held" && remaining === 0) this.#expire();
    if (this.#state === "held") {
      this.#state = as;
      this.#stop.abort();
    }
    return remaining;
  }

  /**
   * Handles a refusal of Redis: the lock is gone or has another holder. The lease is lost from this
   * call on. Resolves when the signal has aborted.
   */
  refused(): Promise<void> {
    return (this.#refused ??= this.#loseWithReason());
  }

  async #loseWithReason(): Promise<void> {
    const timeoutMs = Math.min(EXPLAIN_MS, this.remainingMs());
    if (!this.#end()) return;
    const answered = new AbortController();
    const timedOut = this.#options.clock.sleep(timeoutMs, answered.signal);
    const facts = await Promise.race([this.#options.explainLoss(), timedOut.then(() => [])]).catch(
      () => [],
    );
    answered.abort();
    timedOut.catch(() => {});
    this.#abort({ ...REFUSED, facts });
  }

  async #renewLoop(): Promise<void> {
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
      const refusal = error instanceof LockError ? error.refusal : undefined;
      if (refusal !== undefined) {
        this.#answered = now(clock);
        this.#lastRefusal = refusal;
      }
      return false;
    }
    if (extended && this.#state === "held") {
      this.#renewed = sent;
      this.#answered = now(this.#options.clock);
      this.#validUntil = this.#validFrom(sent);
      this.#lastFailure = undefined;
      this.#lastRefusal = undefined;
    } else if (extended && this.#state === "lost") {
      // The lease was given up while the answer was on its way. Release the lock, so that the next
      // waiter does not wait another TTL for a lock without a holder.
      await lock.release().catch(() => {});
    } else if (this.#state === "held") {
      await this.refused();
    }
    return extended;
  }

  /**
   * Watches the deadline in a separate loop, because a renewal that is never answered must not
   * delay the deadline.
   */
  async #watchDeadline(): Promise<void> {
    for (let remaining = this.remainingMs(); remaining > 0; remaining = this.remainingMs()) {
      await this.#options.clock.sleep(remaining, this.#stop.signal);
    }
    if (this.#state === "held") this.#expire();
  }

  #validFrom(sent: DualTimestamp): DualTimestamp {
    return later(sent, this.#options.ttlMs * (1 - DRIFT) - MARGIN_MS);
  }

  #expire(): void {
    const silentForMs = msSince(this.#answered, this.#options.clock);
    if (this.#lastFailure === undefined) this.#lose(PAUSED);
    else if (this.#lastRefusal !== undefined && silentForMs < SILENT_MS)
      this.#lose(refusing(this.#lastRefusal));
    else this.#lose(silent(this.#lastFailure, silentForMs));
  }

  #lose(loss: Loss): void {
    if (this.#end()) this.#abort(loss);
  }

  /** @returns whether the lease was held until now */
  #end(): boolean {
    if (this.#state !== "held") return false;
    this.#state = "lost";
    this.#stop.abort();
    return true;
  }

  /** Aborts the signal. Only the first reason counts. */
  #abort(loss: Loss): void {
    if (this.#lost.signal.aborted) return;
    const { copy, ttlMs, clock } = this.#options;
    this.#lost.abort(
      leaseLost({ copy, ttlMs, sinceRenewalMs: msSince(this.#renewed, clock) }, loss),
    );
  }

  /**
   * Loses the lease when a loop fails. A loop normally ends by being stopped. If a bug ends it, the
   * lease is not renewed any more and is given up immediately.
   */
  async #loseOnFailure(loop: Promise<void>): Promise<void> {
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
