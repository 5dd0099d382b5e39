import type { Clock } from "../../../clock/clock.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import type { RedisConnection } from "../../../redis/connection.ts";
import { LOSS, tellLoss, type LossReply } from "../../explain-loss.ts";
import {
  decodeCurrentHolder,
  type CurrentHolder,
  type CurrentHolderReply,
} from "../../current-holder.ts";
import { clean, encodeHolder } from "../../holder.ts";
import { RETAIN } from "../../retain.ts";
import { keysOf, rigKeys, turnKeys } from "../../keys.ts";
import {
  decodeInLine,
  VIEW,
  type InLineReply,
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
import { takerOf, type Wake } from "./take.ts";
import { recordsOf } from "./record.ts";
import { TALLY, WAIT, WAKE } from "./scripts.ts";
import type { Answered, Servers } from "./servers.ts";

/** Whoever takes a copy has its fence soon. Then it can be said whose it is. */
const SETTLE_MS = 20;
const SETTLE_TIMES = 5;

type TallyReply = readonly [
  holds: readonly CurrentHolderReply[],
  blockedForMs: number,
  upForS: number,
];
type PlaceReply = readonly [
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
 * {@link LeaseBackend} in several Redises that know nothing of each other. Whether a copy is free,
 * and whose it is, most of them decide. The line is at the first that answers: when that is another
 * one from now on, waiters take their tickets there.
 */
export function quorumBackend({
  servers,
  id,
  shown,
  namespace,
  clock,
}: QuorumOptions): LeaseBackend {
  const keys = ({ request, id: waiter, attempt }: QueueEntry): string[] =>
    turnKeys(namespace, request, waiter, attempt);
  const whole = { all: servers.all.length, majority: servers.majority };
  const wake: Wake = async ({ rig, copies }, released) => {
    await servers.poll((server) => server.run(WAKE, rigKeys(namespace, rig, copies), released));
  };
  const lookOnce = async (
    place: QueueEntry,
    { aliveMs, ttlMs }: HeartbeatTimes,
  ): Promise<QueueState & { readonly unsettled: boolean }> => {
    const tallies = await servers.ask(async (server) => {
      const reply = (await server.run(TALLY, keys(place), [ttlMs])) as TallyReply | null;
      if (reply === null)
        throw new VmrigError("REDIS_UNREACHABLE", {
          message: `Redis at ${server.shown} answered too late.`,
        });
      return { holds: reply[0], blockedForMs: reply[1], upForS: reply[2] };
    });
    const { copies, accept } = place.request;
    const { free, held, unsettled, restarted } = countVotes(
      copies,
      tallies.map(({ answer }) => answer),
      whole,
    );
    const reply = await firstOf(tallies, (server) =>
      server.run(WAIT, keys(place), [aliveMs, ...encodeQueueEntry(place), ...free]),
    );
    const [ticket, ahead, waiting, offered, aheadExpiresInMs] = reply as PlaceReply;
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
  const take = takerOf({ servers, namespace, clock, wake });

  return {
    id,
    shown,
    ...recordsOf(servers, namespace),

    async heartbeat(place: QueueEntry, times: HeartbeatTimes): Promise<QueueState> {
      for (let again = SETTLE_TIMES; ; again--) {
        const { unsettled, ...look } = await lookOnce(place, times);
        if (!unsettled || again === 0) return look;
        await clock.sleep(SETTLE_MS);
      }
    },

    async take(
      place: QueueEntry,
      copy: string | undefined,
      ttlMs: number,
    ): Promise<GrantedCopy | undefined> {
      return copy === undefined ? undefined : take(place, copy, ttlMs);
    },

    async leave(place) {
      await servers.poll((server) => server.run(LEAVE, keys(place)));
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
        line: joinLines(views.map(({ answer: [, line] }) => line)).map(decodeInLine),
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
      const revoked = [
        ...rigKeys(namespace, rig, [copy]),
        keysOf(namespace, { rig, copy }).revoked,
      ];
      const cuts = await servers.ask(
        async (server) =>
          (await server.run(REVOKE, revoked, [
            fence,
            encodeHolder(by),
            NOTE_MS,
          ])) as CurrentHolderReply | null,
      );
      await wake({ rig, copies: [copy] }, [copy]);
      const had = cuts.flatMap(({ answer }) => (answer === null ? [] : [answer]));
      // Those that did not answer may have had it, too.
      if (had.length === 0 || had.length + servers.all.length - cuts.length < servers.majority)
        return undefined;
      return decodeCurrentHolder(copy, had[0] as CurrentHolderReply);
    },

    async explainLoss(lease: FencedCopy) {
      const { lock, holder, revoked } = keysOf(namespace, lease);
      const replies = await servers.ask(
        async (server) =>
          (await server.run(LOSS, [lock, holder, revoked], [lease.fence])) as LossReply,
      );
      return tellLoss(
        replies.map(({ answer }) => answer),
        lease.fence,
      );
    },

    close: () => servers.close(),
  };
}

/** The answer of the first of them that gives one. */
async function firstOf<T>(
  candidates: readonly Answered<unknown>[],
  question: (server: RedisConnection) => Promise<T>,
): Promise<T> {
  let fault: unknown;
  for (const { server } of candidates) {
    try {
      return await question(server);
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}

/** A line that moved is at two servers, until the heartbeats that it had at the first run out. */
function joinLines(lines: readonly (readonly InLineReply[])[]): InLineReply[] {
  const waiters = new Map(lines.flat().map((one) => [one[4], one]));
  return [...waiters.values()].sort(
    ([, waitedA, extraA], [, waitedB, extraB]) => extraA - extraB || waitedB - waitedA,
  );
}
