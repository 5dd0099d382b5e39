import { randomUUID } from "node:crypto";
import type { StoreContext } from "./store-context.ts";
import type { LeaseGrant } from "./held-lease.ts";
import type { Holder } from "./lease.ts";
import type { QueueState, HeartbeatTimes, QueueEntry } from "./lease-backend.ts";
import { now, msSince } from "./dual-timestamp.ts";
import type { LeaseRequest } from "./lease-request.ts";

/** One waiter in the queue of a rig, from the first heartbeat until it leaves or gets a lease. */
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
   * Joins the queue the first time. Counts as alive for `aliveMs` after each call.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  async heartbeat(times: HeartbeatTimes): Promise<QueueState> {
    this.#attempt += 1;
    const state = await this.#context.backend.heartbeat(this.#entry(), times);
    this.#ticket = state.ticket;
    this.#offered = state.take;
    return state;
  }

  /**
   * Takes a copy if one is free for this waiter. The waiter leaves the queue by it.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`. The next heartbeat undoes a grant whose answer was lost
   */
  async take(ttlMs: number): Promise<LeaseGrant | undefined> {
    const { backend, clock } = this.#context;
    const sent = now(clock);
    const taken = await backend.take(this.#entry(), this.#offered, ttlMs);
    if (taken === undefined) return undefined;
    if (msSince(sent, clock) < ttlMs / 2) return { rig: this.request.rig, ...taken, sent, ttlMs };
    await taken.lock.release().catch(() => {});
    return undefined;
  }

  /**
   * Leaves the queue and removes all traces of the waiter, including a grant whose answer was lost.
   */
  async leave(): Promise<void> {
    // If this fails, the missing heartbeats remove the waiter.
    await this.#context.backend.leave(this.#entry()).catch(() => {});
  }

  #entry(): QueueEntry {
    const { id, request, holder } = this;
    return { id, request, holder, attempt: this.#attempt, ticket: this.#ticket };
  }
}
