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

/** How waiters show that they live, and how long Redis may be silent. */
export interface QueueTiming {
  /** Between two looks when nothing else wakes a waiter. @defaultValue 2000 */
  readonly heartbeatMs: number;
  /** Without a heartbeat for so long a waiter is out of the line. @defaultValue 6000 */
  readonly aliveMs: number;
  /** A waiter puts up with a Redis that does not answer for so long. @defaultValue 30000 */
  readonly outageMs: number;
}

export interface TurnOptions {
  readonly ttlMs: number;
  readonly waitForMs: number;
  readonly timing: QueueTiming;
  readonly wakeNotifier: WakeNotifier;
  readonly signal: AbortSignal;
  readonly onWait?: (line: QueueStatus) => void;
}

/** A person who waits is told that nothing changed, too. */
const STILL_WAITING_MS = 30_000;
const NEVER = Number.POSITIVE_INFINITY;
/** Redis rounds a TTL down to whole milliseconds. */
const EXPIRED_MS = 5;
/** After a refusal that the next look should explain. */
const REFUSED_MS = 50;

/**
 * Waits for the waiter's turn, first come, first served, and takes a copy. Whoever has waited long
 * enough, or is told to stop, leaves the line before this rejects.
 *
 * @throws VmrigError `RIG_BUSY` at the deadline, `REDIS_UNREACHABLE` when Redis has been silent for
 *   too long, `CANCELLED` on abort
 */
export async function waitForTurn(
  context: StoreContext,
  waiter: QueueWaiter,
  options: TurnOptions,
): Promise<LeaseGrant> {
  const turn = new Turn(context, waiter, options);
  try {
    return await turn.wait();
  } catch (error) {
    await waiter.leave();
    throw turn.explain(error);
  } finally {
    options.wakeNotifier.unregister(waiter.id);
  }
}

class Turn {
  readonly #context: StoreContext;
  readonly #waiter: QueueWaiter;
  readonly #options: TurnOptions;
  readonly #start: number;
  #bell: Waker | undefined;
  #pauseMs = 0;
  #line: QueueStatus | undefined;
  #told = Number.NEGATIVE_INFINITY;
  #outage: { readonly since: number; readonly fault: unknown } | undefined;

  constructor(context: StoreContext, waiter: QueueWaiter, options: TurnOptions) {
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
      intervalMs: 0, // the pause is in the probe, where a bell can end it
      signal,
      clock: this.#context.clock,
      code: "RIG_BUSY",
      probe: (bounded) => this.#probe(bounded),
    });
    if (!signal.aborted) return grant;
    await grant.lock.release().catch(() => {});
    throw signal.reason;
  }

  /** Turns how the wait ended into the error that its caller deserves. */
  explain(error: unknown): unknown {
    const { signal } = this.#options;
    const waited = formatDuration(this.#waitedMs());
    if (signal.aborted) {
      if (isVmrigError(signal.reason)) return signal.reason;
      return new VmrigError("CANCELLED", {
        message: `Left the line for "${subject(this.#waiter.request)}" after ${waited}.`,
        cause: signal.reason,
      });
    }
    if (!isVmrigError(error) || error.code !== "RIG_BUSY") return error;
    if (this.#outage !== undefined) return this.#outage.fault;
    return rigBusy(this.#waiter.request, waited, this.#line);
  }

  async #probe(bounded: AbortSignal): Promise<Observation<LeaseGrant>> {
    if (this.#pauseMs > 0) await this.#pause(bounded);
    let look: QueueState;
    try {
      look = await this.#waiter.heartbeat({
        aliveMs: this.#options.timing.aliveMs,
        ttlMs: this.#options.ttlMs,
      });
      this.#pauseMs = REFUSED_MS;
      const grant =
        look.take !== undefined ? await this.#waiter.take(this.#options.ttlMs) : undefined;
      if (grant !== undefined) return { value: grant };
      this.#outage = undefined;
    } catch (fault) {
      return this.#tolerate(fault);
    }
    // What was offered and then refused is somebody else's by now: the next look says whose.
    if (look.take === undefined || this.#line === undefined) this.#tell(look);
    if (look.take === undefined) this.#pauseMs = this.#untilSomethingMayChange(look);
    return { seen: this.#line === undefined ? "nothing" : renderQueueStatus(this.#line) };
  }

  async #pause(bounded: AbortSignal): Promise<void> {
    const { id, request } = this.#waiter;
    this.#bell ??= this.#options.wakeNotifier.register(
      id,
      wakeChannel(this.#context.namespace, request.rig),
    );
    await this.#bell.sleep(this.#pauseMs, this.#context.clock, bounded);
  }

  /** A publish can get lost, and a holder or a waiter that was killed publishes nothing. */
  #untilSomethingMayChange(look: QueueState): number {
    const { timing, onWait } = this.#options;
    const { aheadExpiresInMs = NEVER, restarted, held } = look;
    const change = Math.min(
      aheadExpiresInMs,
      restarted?.forMs ?? NEVER,
      ...held.map(({ expiresInMs }) => expiresInMs),
    );
    const untilTold =
      onWait === undefined
        ? NEVER
        : this.#told + STILL_WAITING_MS - this.#context.clock.monotonic();
    return Math.max(1, Math.min(timing.heartbeatMs, change + EXPIRED_MS, untilTold));
  }

  #tolerate(fault: unknown): Observation<LeaseGrant> {
    const now = this.#context.clock.monotonic();
    this.#outage = { since: this.#outage?.since ?? now, fault };
    if (now - this.#outage.since >= this.#options.timing.outageMs) throw fault;
    this.#pauseMs = Math.min(500, this.#options.timing.heartbeatMs);
    return { seen: (fault as Error).message };
  }

  #tell(look: QueueState): void {
    const line: QueueStatus = {
      ...this.#waiter.request,
      position: look.ahead + 1,
      waiting: look.waiting,
      waitedMs: this.#waitedMs(),
      held: look.held,
      ...(look.restarted && { restarted: look.restarted }),
    };
    const now = this.#context.clock.monotonic();
    const news = differ(this.#line, line) || now - this.#told >= STILL_WAITING_MS;
    this.#line = line;
    if (!news) return;
    this.#told = now;
    this.#options.onWait?.(line);
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
      held.map(({ copy, holder, fence, kept }) => [copy, holder, fence, kept?.until]),
    ]);
  return before === undefined || state(before) !== state(now);
}
