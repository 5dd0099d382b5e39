import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import type { Bell, Bells } from "./wake-notifier.ts";
import type { Desk } from "./store-context.ts";
import { duration } from "../clock/format-duration.ts";
import type { Grant } from "./held-lease.ts";
import { wakeChannel } from "./keys.ts";
import { rigBusy, subject } from "./rig-busy.ts";
import { renderWaitingLine, type WaitingLine } from "./queue-status.ts";
import type { Look } from "./lease-backend.ts";
import type { Waiter } from "./queue-waiter.ts";

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
  readonly bells: Bells;
  readonly signal: AbortSignal;
  readonly onWait?: (line: WaitingLine) => void;
}

/** A person who waits is told that nothing changed, too. */
const STILL_WAITING_MS = 30_000;
const NEVER = Number.POSITIVE_INFINITY;
/** Redis rounds a TTL down to whole milliseconds. */
const EXPIRED_MS = 5;
/** After a refusal that the next look should explain. */
const REFUSED_MS = 50;

/**
 * Waits for the waiter's turn, first come, first served, and takes a copy. Whoever has waited long enough, or is told to stop, leaves the
 * line before this rejects.
 *
 * @throws VmrigError `RIG_BUSY` at the deadline, `REDIS_UNREACHABLE` when Redis has been silent for too long, `CANCELLED` on abort
 */
export async function waitForTurn(desk: Desk, waiter: Waiter, options: TurnOptions): Promise<Grant> {
  const turn = new Turn(desk, waiter, options);
  try {
    return await turn.wait();
  } catch (error) {
    await waiter.leave();
    throw turn.explain(error);
  } finally {
    options.bells.takeDown(waiter.id);
  }
}

class Turn {
  readonly #desk: Desk;
  readonly #waiter: Waiter;
  readonly #options: TurnOptions;
  readonly #start: number;
  #bell: Bell | undefined;
  #pauseMs = 0;
  #line: WaitingLine | undefined;
  #told = Number.NEGATIVE_INFINITY;
  #outage: { readonly since: number; readonly fault: unknown } | undefined;

  constructor(desk: Desk, waiter: Waiter, options: TurnOptions) {
    this.#desk = desk;
    this.#waiter = waiter;
    this.#options = options;
    this.#start = desk.clock.monotonic();
  }

  async wait(): Promise<Grant> {
    const { signal, waitForMs } = this.#options;
    const grant = await waitFor({
      what: "the lease",
      on: subject(this.#waiter.wish),
      timeoutMs: waitForMs,
      intervalMs: 0, // the pause is in the probe, where a bell can end it
      signal,
      clock: this.#desk.clock,
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
    const waited = duration(this.#waitedMs());
    if (signal.aborted) {
      if (isVmrigError(signal.reason)) return signal.reason;
      return new VmrigError("CANCELLED", {
        message: `Left the line for "${subject(this.#waiter.wish)}" after ${waited}.`,
        cause: signal.reason,
      });
    }
    if (!isVmrigError(error) || error.code !== "RIG_BUSY") return error;
    if (this.#outage !== undefined) return this.#outage.fault;
    return rigBusy(this.#waiter.wish, waited, this.#line);
  }

  async #probe(bounded: AbortSignal): Promise<Observation<Grant>> {
    if (this.#pauseMs > 0) await this.#pause(bounded);
    let look: Look;
    try {
      look = await this.#waiter.look({ aliveMs: this.#options.timing.aliveMs, ttlMs: this.#options.ttlMs });
      this.#pauseMs = REFUSED_MS;
      const grant = look.take !== undefined ? await this.#waiter.take(this.#options.ttlMs) : undefined;
      if (grant !== undefined) return { value: grant };
      this.#outage = undefined;
    } catch (fault) {
      return this.#tolerate(fault);
    }
    // What was offered and then refused is somebody else's by now: the next look says whose.
    if (look.take === undefined || this.#line === undefined) this.#tell(look);
    if (look.take === undefined) this.#pauseMs = this.#untilSomethingMayChange(look);
    return { seen: this.#line === undefined ? "nothing" : renderWaitingLine(this.#line) };
  }

  async #pause(bounded: AbortSignal): Promise<void> {
    const { id, wish } = this.#waiter;
    this.#bell ??= this.#options.bells.hang(id, wakeChannel(this.#desk.namespace, wish.rig));
    await this.#bell.sleep(this.#pauseMs, this.#desk.clock, bounded);
  }

  /** A publish can get lost, and a holder or a waiter that was killed publishes nothing. */
  #untilSomethingMayChange(look: Look): number {
    const { timing, onWait } = this.#options;
    const { aheadExpiresInMs = NEVER, restarted, held } = look;
    const change = Math.min(aheadExpiresInMs, restarted?.forMs ?? NEVER, ...held.map(({ expiresInMs }) => expiresInMs));
    const untilTold = onWait === undefined ? NEVER : this.#told + STILL_WAITING_MS - this.#desk.clock.monotonic();
    return Math.max(1, Math.min(timing.heartbeatMs, change + EXPIRED_MS, untilTold));
  }

  #tolerate(fault: unknown): Observation<Grant> {
    const now = this.#desk.clock.monotonic();
    this.#outage = { since: this.#outage?.since ?? now, fault };
    if (now - this.#outage.since >= this.#options.timing.outageMs) throw fault;
    this.#pauseMs = Math.min(500, this.#options.timing.heartbeatMs);
    return { seen: (fault as Error).message };
  }

  #tell(look: Look): void {
    const line: WaitingLine = {
      ...this.#waiter.wish,
      position: look.ahead + 1,
      waiting: look.waiting,
      waitedMs: this.#waitedMs(),
      held: look.held,
      ...(look.restarted && { restarted: look.restarted }),
    };
    const now = this.#desk.clock.monotonic();
    const news = differ(this.#line, line) || now - this.#told >= STILL_WAITING_MS;
    this.#line = line;
    if (!news) return;
    this.#told = now;
    this.#options.onWait?.(line);
  }

  #waitedMs(): number {
    return this.#desk.clock.monotonic() - this.#start;
  }
}

function differ(before: WaitingLine | undefined, now: WaitingLine): boolean {
  const state = ({ position, waiting, held, restarted }: WaitingLine) =>
    JSON.stringify([
      position,
      waiting,
      restarted !== undefined,
      held.map(({ copy, holder, fence, kept }) => [copy, holder, fence, kept?.until]),
    ]);
  return before === undefined || state(before) !== state(now);
}
