import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import type { Waker, WakeNotifier } from "./wake-notifier.ts";
import type { StoreContext } from "./store-context.ts";
import { formatDuration } from "../clock/format-duration.ts";
import type { LeaseGrant } from "./held-lease.ts";
import { wakeChannel } from "./keys.ts";
import { rigBusy, subject } from "./rig-busy.ts";
import { renderQueueStatus, type QueueStatus } from "./queue-status.ts";
import type { QueueState } from "./lease-backend.ts";
import type { QueueWaiter } from "./queue-waiter.ts";

/** Heartbeat timing, and how long Redis may fail to answer. */
export interface QueueTiming {
  /** Interval between two heartbeats when nothing else wakes a waiter. @defaultValue 2000 */
  readonly heartbeatMs: number;
  /** A waiter without a heartbeat for this long leaves the queue. @defaultValue 6000 */
  readonly aliveMs: number;
  /** A waiter tolerates a Redis that does not answer for this long. @defaultValue 30000 */
  readonly outageMs: number;
}

export interface QueueWaitOptions {
  readonly ttlMs: number;
  readonly waitForMs: number;
  readonly timing: QueueTiming;
  readonly wakeNotifier: WakeNotifier;
  readonly signal: AbortSignal;
  readonly onWait?: (status: QueueStatus) => void;
}

/** Interval of the progress report when nothing changed. */
const STILL_WAITING_MS = 30_000;
const NEVER = Number.POSITIVE_INFINITY;
/** Redis rounds a TTL down to whole milliseconds. */
const EXPIRED_MS = 5;
/** Pause after a refused attempt, before the next heartbeat reads the reason. */
const REFUSED_MS = 50;

/**
 * Waits until the waiter is first in the queue for a copy, first come, first served, and takes the
 * copy. A waiter that reaches its deadline or is cancelled leaves the queue before this rejects.
 *
 * @throws VmrigError `RIG_BUSY` at the deadline, `REDIS_UNREACHABLE` when Redis did not answer for
 *   too long, `CANCELLED` on abort
 */
export async function waitInQueue(
  context: StoreContext,
  waiter: QueueWaiter,
  options: QueueWaitOptions,
): Promise<LeaseGrant> {
  const queueWait = new QueueWait(context, waiter, options);
  try {
    return await queueWait.wait();
  } catch (error) {
    await waiter.leave();
    throw queueWait.explain(error);
  } finally {
    options.wakeNotifier.unregister(waiter.id);
  }
}

class QueueWait {
  readonly #context: StoreContext;
  readonly #waiter: QueueWaiter;
  readonly #options: QueueWaitOptions;
  readonly #start: number;
  #waker: Waker | undefined;
  #pauseMs = 0;
  #status: QueueStatus | undefined;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #outage: { readonly since: number; readonly fault: unknown } | undefined;

  constructor(context: StoreContext, waiter: QueueWaiter, options: QueueWaitOptions) {
    this.#context = context;
    this.#waiter = waiter;
    this.#options = options;
    this.#start = context.clock.monotonic();
  }

  async wait(): Promise<LeaseGrant> {
    const { signal, waitForMs } = this.#options;
    const grant = await waitFor({
      what: "the lease",
      on: subject(this.#waiter.request),
      timeoutMs: waitForMs,
      intervalMs: 0, // the pause is in the probe, where a waker can end it
      signal,
      clock: this.#context.clock,
      code: "RIG_BUSY",
      probe: (bounded) => this.#probe(bounded),
    });
    if (!signal.aborted) return grant;
    await grant.lock.release().catch(() => {});
    throw signal.reason;
  }

  /** Converts the reason why the wait ended into the error for the caller. */
  explain(error: unknown): unknown {
    const { signal } = this.#options;
    const waited = formatDuration(this.#waitedMs());
    if (signal.aborted) {
      if (isVmrigError(signal.reason)) return signal.reason;
      return new VmrigError("CANCELLED", {
        message: `Left the queue for "${subject(this.#waiter.request)}" after ${waited}.`,
        cause: signal.reason,
      });
    }
    if (!isVmrigError(error) || error.code !== "RIG_BUSY") return error;
    if (this.#outage !== undefined) return this.#outage.fault;
    return rigBusy(this.#waiter.request, waited, this.#status);
  }

  async #probe(bounded: AbortSignal): Promise<Observation<LeaseGrant>> {
    if (this.#pauseMs > 0) await this.#pause(bounded);
    let state: QueueState;
    try {
      state = await this.#waiter.heartbeat({
        aliveMs: this.#options.timing.aliveMs,
        ttlMs: this.#options.ttlMs,
      });
      this.#pauseMs = REFUSED_MS;
      const grant =
        state.take !== undefined ? await this.#waiter.take(this.#options.ttlMs) : undefined;
      if (grant !== undefined) return { value: grant };
      this.#outage = undefined;
    } catch (fault) {
      return this.#tolerate(fault);
    }
    // A copy that was offered and then refused belongs to another holder by now. The next heartbeat
    // names that holder.
    if (state.take === undefined || this.#status === undefined) this.#report(state);
    if (state.take === undefined) this.#pauseMs = this.#untilSomethingMayChange(state);
    return { seen: this.#status === undefined ? "nothing" : renderQueueStatus(this.#status) };
  }

  async #pause(bounded: AbortSignal): Promise<void> {
    const { id, request } = this.#waiter;
    this.#waker ??= this.#options.wakeNotifier.register(
      id,
      wakeChannel(this.#context.namespace, request.rig),
    );
    await this.#waker.sleep(this.#pauseMs, this.#context.clock, bounded);
  }

  /**
   * Returns the time until the next check. A publish can get lost, and a killed holder or waiter
   * publishes nothing.
   */
  #untilSomethingMayChange(state: QueueState): number {
    const { timing, onWait } = this.#options;
    const { aheadExpiresInMs = NEVER, restarted, held } = state;
    const change = Math.min(
      aheadExpiresInMs,
      restarted?.forMs ?? NEVER,
      ...held.map(({ expiresInMs }) => expiresInMs),
    );
    const untilReport =
      onWait === undefined
        ? NEVER
        : this.#reportedAt + STILL_WAITING_MS - this.#context.clock.monotonic();
    return Math.max(1, Math.min(timing.heartbeatMs, change + EXPIRED_MS, untilReport));
  }

  #tolerate(fault: unknown): Observation<LeaseGrant> {
    const now = this.#context.clock.monotonic();
    this.#outage = { since: this.#outage?.since ?? now, fault };
    if (now - this.#outage.since >= this.#options.timing.outageMs) throw fault;
    this.#pauseMs = Math.min(500, this.#options.timing.heartbeatMs);
    return { seen: (fault as Error).message };
  }

  #report(state: QueueState): void {
    const status: QueueStatus = {
      ...this.#waiter.request,
      position: state.ahead + 1,
      waiting: state.waiting,
      waitedMs: this.#waitedMs(),
      held: state.held,
      ...(state.restarted && { restarted: state.restarted }),
    };
    const now = this.#context.clock.monotonic();
    const due = differ(this.#status, status) || now - this.#reportedAt >= STILL_WAITING_MS;
    this.#status = status;
    if (!due) return;
    this.#reportedAt = now;
    this.#options.onWait?.(status);
  }

  #waitedMs(): number {
    return this.#context.clock.monotonic() - this.#start;
  }
}

function differ(before: QueueStatus | undefined, now: QueueStatus): boolean {
  const state = ({ position, waiting, held, restarted }: QueueStatus) =>
    JSON.stringify([
      position,
      waiting,
      restarted !== undefined,
      held.map(({ copy, holder, fence, retained }) => [copy, holder, fence, retained?.until]),
    ]);
  return before === undefined || state(before) !== state(now);
}
