import type { Clock } from "../../../clock/clock.ts";
import { describeFailover, LOSS, reportLoss, type LossReply } from "../../explain-loss.ts";
import {
  decodeCurrentHolder,
  type CurrentHolder,
  type CurrentHolderReply,
} from "../../current-holder.ts";
import { clean, encodeHolder } from "../../holder.ts";
import { RETAIN } from "../../retain.ts";
import { keysOf, rigKeys, queueKeys } from "../../keys.ts";
import { decodeWaiterView, VIEW, type LeaseView, type ViewReply } from "../../lease-view.ts";
import type { FencedCopy, LeaseBackend, QueueEntry, GrantedCopy } from "../../lease-backend.ts";
import { NOTE_MS, REVOKE } from "../../revoke.ts";
import { LEAVE } from "../scripts.ts";
import { countVotes } from "./count.ts";
import { createCopyTaker, type Wake } from "./take.ts";
import { sendHeartbeat } from "./queue-heartbeat.ts";
import { lastUseOf } from "./last-use.ts";
import { mergeQueues } from "./merge-queues.ts";
import { recordsOf } from "./record.ts";
import { WAKE } from "./scripts.ts";
import type { Servers } from "./servers.ts";

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
  const take = createCopyTaker({ servers, namespace, clock, wake });

  return {
    id,
    shown,
    ...recordsOf(servers, namespace),
    ...lastUseOf(servers, namespace),

    heartbeat: (entry, times) => sendHeartbeat({ servers, namespace, clock }, entry, times),

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
        describeFailover(replies.map(({ server }) => server)),
      );
    },

    close: () => servers.close(),
  };
}
