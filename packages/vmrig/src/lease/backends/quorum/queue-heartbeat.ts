import type { Clock } from "../../../clock/clock.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import type { RedisConnection } from "../../../redis/connection.ts";
import type { CurrentHolderReply } from "../../current-holder.ts";
import { queueKeys } from "../../keys.ts";
import type { HeartbeatTimes, QueueEntry, QueueState } from "../../lease-backend.ts";
import { encodeQueueEntry } from "../queue-entry.ts";
import { countVotes } from "./count.ts";
import { TALLY, WAIT } from "./scripts.ts";
import type { Servers, SuccessfulReply } from "./servers.ts";

/** A waiter that takes a copy writes its fence shortly after. Then the holder is known. */
const SETTLE_MS = 20;
const SETTLE_TIMES = 5;

type TallyReply = readonly [
  holds: readonly CurrentHolderReply[],
  blockedForMs: number,
  upForS: number,
];
type QueueReply = readonly [
  ticket: number,
  ahead: number,
  waiting: number,
  take: string,
  aheadExpiresInMs: number,
];

export interface HeartbeatOptions {
  readonly servers: Servers;
  readonly namespace: string;
  readonly clock: Clock;
}

/**
 * Sends the heartbeat of a waiter: counts the votes of all servers for each copy, and updates the
 * queue on the first server that answers. Repeats while a copy has just been taken and its holder
 * is not known yet.
 */
export async function sendHeartbeat(
  options: HeartbeatOptions,
  entry: QueueEntry,
  times: HeartbeatTimes,
): Promise<QueueState> {
  for (let retries = SETTLE_TIMES; ; retries--) {
    const { unsettled, ...state } = await heartbeatOnce(options, entry, times);
    if (!unsettled || retries === 0) return state;
    await options.clock.sleep(SETTLE_MS);
  }
}

async function heartbeatOnce(
  { servers, namespace }: HeartbeatOptions,
  entry: QueueEntry,
  { aliveMs, ttlMs }: HeartbeatTimes,
): Promise<QueueState & { readonly unsettled: boolean }> {
  const keys = queueKeys(namespace, entry.request, entry.id, entry.attempt);
  const tallies = await servers.ask(async (server) => {
    const reply = (await server.run(TALLY, keys, [ttlMs])) as TallyReply | null;
    if (reply === null)
      throw new VmrigError("REDIS_UNREACHABLE", {
        message: `Redis at ${server.shown} answered too late.`,
      });
    return { holds: reply[0], blockedForMs: reply[1], upForS: reply[2] };
  });
  const { copies, accept } = entry.request;
  const { free, held, unsettled, restarted } = countVotes(
    copies,
    tallies.map(({ answer }) => answer),
    { all: servers.all.length, majority: servers.majority },
  );
  const reply = await firstOf(tallies, (server) =>
    server.run(WAIT, keys, [aliveMs, ...encodeQueueEntry(entry), ...free]),
  );
  const [ticket, ahead, waiting, offered, aheadExpiresInMs] = reply as QueueReply;
  return {
    ticket,
    ahead,
    waiting,
    held: held.filter(({ copy }) => accept.includes(copy)),
    unsettled: offered === "" && unsettled.some((copy) => accept.includes(copy)),
    ...(offered === "" ? {} : { take: offered }),
    ...(aheadExpiresInMs < 0 ? {} : { aheadExpiresInMs }),
    ...(offered === "" && restarted && { restarted }),
  };
}

/** Returns the answer of the first server that gives one. */
async function firstOf<T>(
  candidates: readonly SuccessfulReply<unknown>[],
  query: (server: RedisConnection) => Promise<T>,
): Promise<T> {
  let fault: unknown;
  for (const { server } of candidates) {
    try {
      return await query(server);
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}
