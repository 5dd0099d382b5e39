import { randomUUID } from "node:crypto";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Desk } from "./desk.ts";
import type { Grant } from "./held-lease.ts";
import { decodeHold, type Hold, type HoldReply } from "./hold.ts";
import { encodeHolder } from "./holder.ts";
import { turnKeys } from "./keys.ts";
import type { Holder } from "./lease.ts";
import { momentOf, msSince } from "./moment.ts";
import { GRANT, LEAVE, WAIT } from "./scripts.ts";
import type { Restarted } from "./waiting-line.ts";
import type { Wish } from "./wish.ts";

/** The line as a waiter finds it at one heartbeat. */
export interface Look {
  /** How many are ahead; those behind them may be served first all the same, with copies that these do not accept. */
  readonly ahead: number;
  readonly waiting: number;
  /** The copy that this waiter may take now. */
  readonly take?: string;
  /** Who holds the copies that this waiter accepts. */
  readonly held: readonly Hold[];
  /** When somebody ahead, who may take one of them now, counts as gone if its heartbeat does not come. */
  readonly aheadExpiresInMs?: number;
  /** Redis restarted without persistence, so that nothing is granted yet. */
  readonly restarted?: Restarted;
}

type LookReply = [
  ticket: number,
  ahead: number,
  waiting: number,
  take: string,
  aheadExpiresInMs: number,
  held: (string | HoldReply)[],
  blockedForMs: number,
  upForS: number,
];

/** One place in the line of one rig, from the first look until it is left or turned into a lease. */
export class Waiter {
  readonly id = randomUUID();
  readonly wish: Required<Wish>;
  readonly holder: Holder;
  readonly #desk: Desk;
  #attempt = 0;
  #ticket = 0;

  constructor(desk: Desk, wish: Required<Wish>, holder: Holder) {
    this.#desk = desk;
    this.wish = wish;
    this.holder = holder;
  }

  /** Gets in line the first time; says "still here" for `aliveMs` every time. @throws VmrigError `REDIS_UNREACHABLE` */
  async look({ aliveMs, ttlMs }: { readonly aliveMs: number; readonly ttlMs: number }): Promise<Look> {
    this.#attempt += 1;
    const { accept, extra } = this.wish;
    const record = encodeHolder(this.holder, { accept, ...(extra && { extra }) });
    const reply = await this.#desk.connection.run(WAIT, this.#keys(), [aliveMs, record, this.#ticket, extra ? 1 : 0, ttlMs]);
    const [ticket, ahead, waiting, take, aheadExpiresInMs, held, blockedForMs, upForS] = reply as LookReply;
    this.#ticket = ticket;
    return {
      ahead,
      waiting,
      held: decodeHolds(held),
      ...(take === "" ? {} : { take }),
      ...(aheadExpiresInMs < 0 ? {} : { aheadExpiresInMs }),
      ...(blockedForMs === 0 ? {} : { restarted: { agoMs: upForS * 1000, forMs: blockedForMs } }),
    };
  }

  /** Takes a copy if one is free and this waiter's turn; leaves the line by it. @throws VmrigError `REDIS_UNREACHABLE`; the next look undoes a grant whose answer was lost */
  async take(ttlMs: number): Promise<Grant | undefined> {
    const { connection, clock } = this.#desk;
    const sent = momentOf(clock);
    const lock = await this.#desk.takeLock(this.#keys(), ttlMs).catch((error: Error) => {
      throw new VmrigError("REDIS_UNREACHABLE", { message: `Redis at ${connection.shown} gave no answer: ${error.message}` });
    });
    if (lock === undefined) return undefined;
    const granted = (await connection.run(GRANT, this.#keys(), [lock.value])) as [copy: string, fence: string] | null;
    if (granted !== null && msSince(sent, clock) < ttlMs / 2) {
      return { rig: this.wish.rig, copy: granted[0], lock, fence: Number(granted[1]), sent, ttlMs };
    }
    await lock.release().catch(() => {});
    return undefined;
  }

  /** Without a trace, whatever came of it before. */
  async leave(): Promise<void> {
    await this.#desk.connection.run(LEAVE, this.#keys()).catch(() => {}); // else the heartbeats stop, and that does it
  }

  #keys(): string[] {
    return turnKeys(this.#desk.namespace, this.wish, this.id, this.#attempt);
  }
}

/** From a flat list of names, each followed by what is known of it. */
function decodeHolds(reply: readonly (string | HoldReply)[]): Hold[] {
  const holds: Hold[] = [];
  for (let i = 0; i < reply.length; i += 2) {
    const hold = decodeHold(reply[i] as string, reply[i + 1] as HoldReply);
    if (hold !== undefined) holds.push(hold);
  }
  return holds;
}
