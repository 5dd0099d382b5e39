import { randomUUID } from "node:crypto";
import type { StoreContext } from "./store-context.ts";
import type { LeaseGrant } from "./held-lease.ts";
import type { Holder } from "./lease.ts";
import type { QueueState, HeartbeatTimes, QueueEntry } from "./lease-backend.ts";
import { now, msSince } from "./dual-timestamp.ts";
import type { LeaseRequest } from "./lease-request.ts";

/**
 * One place in the line of one rig, from the first look until it is left or turned into a lease.
 */
export class QueueWaiter {
  readonly id = randomUUID();
  readonly request: Required<LeaseRequest>;
  readonly holder: Holder;
  readonly #context: StoreContext;
  #attempt = 0;
  #ticket = 0;
  #offered: string | undefined;

  constructor(context: StoreContext, request: Required<LeaseRequest>, holder: Holder) {
    this.#context = context;
    this.request = request;
    this.holder = holder;
  }

  /**
   * Gets in line the first time; says "still here" for `aliveMs` every time.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  async heartbeat(times: HeartbeatTimes): Promise<QueueState> {
    this.#attempt += 1;
    const look = await this.#context.backend.heartbeat(this.#place(), times);
    this.#ticket = look.ticket;
    this.#offered = look.take;
    return look;
  }

  /**
   * Takes a copy if one is free and this waiter's turn; leaves the line by it.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`; the next look undoes a grant whose answer was lost
   */
  async take(ttlMs: number): Promise<LeaseGrant | undefined> {
    const { backend, clock } = this.#context;
    const sent = now(clock);
    const taken = await backend.take(this.#place(), this.#offered, ttlMs);
    if (taken === undefined) return undefined;
    if (msSince(sent, clock) < ttlMs / 2) return { rig: this.request.rig, ...taken, sent, ttlMs };
    await taken.lock.release().catch(() => {});
    return undefined;
  }

  /** Without a trace, whatever came of it before. */
  async leave(): Promise<void> {
    await this.#context.backend.leave(this.#place()).catch(() => {}); // else the heartbeats stop, and that does it
  }

  #place(): QueueEntry {
    const { id, request, holder } = this;
    return { id, request, holder, attempt: this.#attempt, ticket: this.#ticket };
  }
}
