import type { Clock } from "../../../clock/clock.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import type { RedisConnection } from "../../../redis/connection.ts";
import { LOSS, reportLoss, type LossReply } from "../../explain-loss.ts";
import {
  decodeCurrentHolder,
  type CurrentHolder,
  type CurrentHolderReply,
} from "../../current-holder.ts";
import { clean, encodeHolder } from "../../holder.ts";
import { RETAIN } from "../../retain.ts";
import { keysOf, rigKeys, queueKeys } from "../../keys.ts";
import {
  decodeWaiterView,
  VIEW,
  type WaiterViewReply,
  type LeaseView,
  type ViewReply,
} from "../../lease-view.ts";
import type {
  FencedCopy,
  LeaseBackend,
  QueueState,
  HeartbeatTimes,
  QueueEntry,
  GrantedCopy,
} from "../../lease-backend.ts";
import { encodeQueueEntry } from "../queue-entry.ts";
import { NOTE_MS, REVOKE } from "../../revoke.ts";
import { LEAVE } from "../scripts.ts";
import { countVotes } from "./count.ts";
import { createCopyTaker, type Wake } from "./take.ts";
import { recordsOf } from "./record.ts";
import { TALLY, WAIT, WAKE } from "./scripts.ts";
import type { SuccessfulReply, Servers } from "./servers.ts";

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

export interface QuorumOptions {
  readonly servers: Servers;
  readonly id: string;
  readonly shown: string;
  readonly namespace: string;
  readonly clock: Clock;
}

/**
 * {@link LeaseBackend} in several independent Redis servers. The majority decides whether a copy is
 * free and which lease holds it. The queue is on the first server that answers. When that server
 * changes, the waiters move to the new one with their tickets.
 */
export function quorumBackend({
  servers,
  id,
  shown,
  namespace,
  clock,
}: QuorumOptions): LeaseBackend {
  const keys = ({ request, id: waiter, attempt }: QueueEntry): string[] =>
    queueKeys(namespace, request, waiter, attempt);
  const whole = { all: servers.all.length, majority: servers.majority };
  const wake: Wake = async ({ rig, copies }, released) => {
    await servers.poll((server) => server.run(WAKE, rigKeys(namespace, rig, copies), released));
  };
  const heartbeatOnce = async (
    entry: QueueEntry,
    { aliveMs, ttlMs }: HeartbeatTimes,
  ): Promise<QueueState & { readonly unsettled: boolean }> => {
    const tallies = await servers.ask(async (server) => {
      const reply = (await server.run(TALLY, keys(entry), [ttlMs])) as TallyReply | null;
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
      whole,
    );
    const reply = await firstOf(tallies, (server) =>
      server.run(WAIT, keys(entry), [aliveMs, ...encodeQueueEntry(entry), ...free]),
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
  };
  const take = createCopyTaker({ servers, namespace, clock, wake });

  return {
    id,
    shown,
    ...recordsOf(servers, namespace),

    async heartbeat(entry: QueueEntry, times: HeartbeatTimes): Promise<QueueState> {
      for (let retries = SETTLE_TIMES; ; retries--) {
        const { unsettled, ...state } = await heartbeatOnce(entry, times);
        if (!unsettled || retries === 0) return state;
        await clock.sleep(SETTLE_MS);
      }
    },

    async take(
      entry: QueueEntry,
      copy: string | undefined,
      ttlMs: number,
    ): Promise<GrantedCopy | undefined> {
      return copy === undefined ? undefined : take(entry, copy, ttlMs);
    },

    async leave(entry) {
      await servers.poll((server) => server.run(LEAVE, keys(entry)));
    },

    async view({ rig, copies }): Promise<LeaseView> {
      const views = await servers.askAgain(
        async (server) => (await server.run(VIEW, rigKeys(namespace, rig, copies))) as ViewReply,
      );
      const tallies = views.map(({ answer: [states] }) => ({
        holds: states.map(([, , hold]) => hold),
      }));
      const { held } = countVotes(copies, tallies, whole);
      return {
        rig,
        copies: copies.map((copy, i) => {
          const hold = held.find((one) => one.copy === copy);
          return {
            copy,
            fence: Math.max(...views.map(({ answer: [states] }) => Number(states[i]?.[1]))),
            ...(hold && { held: hold }),
          };
        }),
        queue: mergeQueues(views.map(({ answer: [, queue] }) => queue)).map(decodeWaiterView),
      };
    },

    async retain({ forMs, why, value, ...copy }) {
      const { lock, holder } = keysOf(namespace, copy);
      return servers.vote(
        async (server) =>
          (await server.run(RETAIN, [lock, holder], [value, forMs, clean(why)])) === 1,
      );
    },

    async revoke({ rig, copy, fence, by }): Promise<CurrentHolder | undefined> {
      const keysToRevoke = [
        ...rigKeys(namespace, rig, [copy]),
        keysOf(namespace, { rig, copy }).revoked,
      ];
      const replies = await servers.ask(
        async (server) =>
          (await server.run(REVOKE, keysToRevoke, [
            fence,
            encodeHolder(by),
            NOTE_MS,
          ])) as CurrentHolderReply | null,
      );
      await wake({ rig, copies: [copy] }, [copy]);
      const revoked = replies.flatMap(({ answer }) => (answer === null ? [] : [answer]));
      // Servers that did not answer may also have had the lease.
      if (
        revoked.length === 0 ||
        revoked.length + servers.all.length - replies.length < servers.majority
      )
        return undefined;
      return decodeCurrentHolder(copy, revoked[0] as CurrentHolderReply);
    },

    async explainLoss(lease: FencedCopy) {
      const { lock, holder, revoked } = keysOf(namespace, lease);
      const replies = await servers.ask(
        async (server) =>
          (await server.run(LOSS, [lock, holder, revoked], [lease.fence])) as LossReply,
      );
      return reportLoss(
        replies.map(({ answer }) => answer),
        lease.fence,
      );
    },

    close: () => servers.close(),
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

/**
 * Merges the queues of all servers. A queue that moved is on two servers until its last heartbeats
 * on the first one expire.
 */
function mergeQueues(lines: readonly (readonly WaiterViewReply[])[]): WaiterViewReply[] {
  const waiters = new Map(lines.flat().map((one) => [one[4], one]));
  return [...waiters.values()].sort(
    ([, waitedA, extraA], [, waitedB, extraB]) => extraA - extraB || waitedB - waitedA,
  );
}
