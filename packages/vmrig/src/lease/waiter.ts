import { randomUUID } from "node:crypto";
import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Connection } from "./connection.ts";
import type { Grant } from "./held-lease.ts";
import { decodeHolder, encodeHolder } from "./holder.ts";
import { turnKeys } from "./keys.ts";
import type { Holder } from "./lease.ts";
import type { TakeLock } from "./lock.ts";
import { momentOf, msSince } from "./moment.ts";
import { FENCE, LEAVE, WAIT } from "./scripts.ts";

/** What the queue of one store works with. */
export interface Desk {
  readonly connection: Connection;
  readonly takeLock: TakeLock;
  readonly namespace: string;
  readonly clock: Clock;
}

/** The line as a waiter finds it at one heartbeat. */
export interface Look {
  /** 0 = next. */
  readonly ahead: number;
  readonly waiting: number;
  /** When the next in line counts as gone if its heartbeat does not come. */
  readonly headExpiresInMs: number;
  /** Missing when the lock is free. */
  readonly held?: { readonly holder: Holder; readonly heldForMs?: number; readonly expiresInMs?: number };
}

/** One place in the line of one resource, from the first look until it is left or turned into a lease. */
export class Waiter {
  readonly id = randomUUID();
  readonly resource: string;
  readonly holder: Holder;
  readonly #desk: Desk;
  #attempt = 0;
  #ticket = 0;

  constructor(desk: Desk, resource: string, holder: Holder) {
    this.#desk = desk;
    this.resource = resource;
    this.holder = holder;
  }

  /** Gets in line the first time; says "still here" for `aliveMs` every time. @throws VmrigError `REDIS_UNREACHABLE` */
  async look(aliveMs: number): Promise<Look> {
    this.#attempt += 1;
    const reply = await this.#desk.connection.run(WAIT, this.#keys(), [aliveMs, encodeHolder(this.holder), this.#ticket]);
    const [ticket, ahead, waiting, headExpiresInMs, pttl, heldForMs, who] = reply as [
      number,
      number,
      number,
      number,
      number,
      number,
      string,
    ];
    this.#ticket = ticket;
    const place = { ahead, waiting, headExpiresInMs };
    if (pttl === -2) return place;
    return {
      ...place,
      held: {
        holder: decodeHolder(who),
        ...(heldForMs < 0 ? {} : { heldForMs }),
        ...(pttl < 0 ? {} : { expiresInMs: pttl }),
      },
    };
  }

  /** Takes the lock if it is free and this waiter next; leaves the line by it. @throws VmrigError `REDIS_UNREACHABLE`; the next look undoes a grant whose answer was lost */
  async take(ttlMs: number): Promise<Grant | undefined> {
    const { connection, clock } = this.#desk;
    const sent = momentOf(clock);
    const lock = await this.#desk.takeLock(this.#keys(), ttlMs).catch((error: Error) => {
      throw new VmrigError("REDIS_UNREACHABLE", { message: `Redis at ${connection.shown} gave no answer: ${error.message}` });
    });
    if (lock === undefined) return undefined;
    const fence = await connection.run(FENCE, this.#keys(), [lock.value]);
    if (typeof fence === "string" && msSince(sent, clock) < ttlMs / 2) return { lock, fence: Number(fence), sent, ttlMs };
    await lock.release().catch(() => {});
    return undefined;
  }

  /** Without a trace, whatever came of it before. */
  async leave(): Promise<void> {
    await this.#desk.connection.run(LEAVE, this.#keys()).catch(() => {}); // else the heartbeats stop, and that does it
  }

  #keys(): string[] {
    return turnKeys(this.#desk.namespace, this.resource, this.id, this.#attempt);
  }
}
