import { randomUUID } from "node:crypto";
import type { Desk } from "./store-context.ts";
import type { Grant } from "./held-lease.ts";
import type { Holder } from "./lease.ts";
import type { Look, LookTimes, Place } from "./lease-backend.ts";
import { momentOf, msSince } from "./dual-timestamp.ts";
import type { Wish } from "./lease-request.ts";

/** One place in the line of one rig, from the first look until it is left or turned into a lease. */
export class Waiter {
  readonly id = randomUUID();
  readonly wish: Required<Wish>;
  readonly holder: Holder;
  readonly #desk: Desk;
  #attempt = 0;
  #ticket = 0;
  #offered: string | undefined;

  constructor(desk: Desk, wish: Required<Wish>, holder: Holder) {
    this.#desk = desk;
    this.wish = wish;
    this.holder = holder;
  }

  /** Gets in line the first time; says "still here" for `aliveMs` every time. @throws VmrigError `REDIS_UNREACHABLE` */
  async look(times: LookTimes): Promise<Look> {
    this.#attempt += 1;
    const look = await this.#desk.ledger.look(this.#place(), times);
    this.#ticket = look.ticket;
    this.#offered = look.take;
    return look;
  }

  /** Takes a copy if one is free and this waiter's turn; leaves the line by it. @throws VmrigError `REDIS_UNREACHABLE`; the next look undoes a grant whose answer was lost */
  async take(ttlMs: number): Promise<Grant | undefined> {
    const { ledger, clock } = this.#desk;
    const sent = momentOf(clock);
    const taken = await ledger.take(this.#place(), this.#offered, ttlMs);
    if (taken === undefined) return undefined;
    if (msSince(sent, clock) < ttlMs / 2) return { rig: this.wish.rig, ...taken, sent, ttlMs };
    await taken.lock.release().catch(() => {});
    return undefined;
  }

  /** Without a trace, whatever came of it before. */
  async leave(): Promise<void> {
    await this.#desk.ledger.leave(this.#place()).catch(() => {}); // else the heartbeats stop, and that does it
  }

  #place(): Place {
    const { id, wish, holder } = this;
    return { id, wish, holder, attempt: this.#attempt, ticket: this.#ticket };
  }
}
