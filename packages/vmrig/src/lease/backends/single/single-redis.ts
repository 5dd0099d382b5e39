import { unanswered } from "../../../redis/connection.ts";
import type { OpenRedisConnection } from "../../../redis/dial.ts";
import { explainLoss } from "../../explain-loss.ts";
import { decodeCurrentHolders, type CurrentHolderReply } from "../../current-holder.ts";
import { retainLock } from "../../retain.ts";
import { queueKeys } from "../../keys.ts";
import type {
  LeaseBackend,
  QueueState,
  HeartbeatTimes,
  QueueEntry,
  GrantedCopy,
} from "../../lease-backend.ts";
import { viewRig } from "../../lease-view.ts";
import { lockPrimitive, type TakeLock } from "../lock.ts";
import { lastUse, markUsed } from "../last-use.ts";
import { dropRecord, readRecord, saveRecord } from "../record.ts";
import { revokeLease } from "../../revoke.ts";
import { ACQUIRE, EXTEND, GRANT, LEAVE, RELEASE, WAIT } from "../scripts.ts";
import { encodeQueueEntry } from "../queue-entry.ts";

type HeartbeatReply = [
  ticket: number,
  ahead: number,
  waiting: number,
  take: string,
  aheadExpiresInMs: number,
  held: (string | CurrentHolderReply)[],
  blockedForMs: number,
  upForS: number,
];

/** {@link LeaseBackend} in one Redis: each step is one script and one round trip. */
export function singleRedis(connection: OpenRedisConnection, namespace: string): LeaseBackend {
  const takeLock: TakeLock = lockPrimitive([connection], {
    acquire: ACQUIRE,
    extend: EXTEND,
    release: RELEASE,
  });
  const keys = ({ request, id, attempt }: QueueEntry): string[] =>
    queueKeys(namespace, request, id, attempt);
  return {
    id: connection.id,
    shown: connection.shown,

    async heartbeat(entry: QueueEntry, { aliveMs, ttlMs }: HeartbeatTimes): Promise<QueueState> {
      const reply = await connection.run(WAIT, keys(entry), [
        aliveMs,
        ...encodeQueueEntry(entry),
        ttlMs,
      ]);
      const [ticket, ahead, waiting, take, aheadExpiresInMs, held, blockedForMs, upForS] =
        reply as HeartbeatReply;
      return {
        ticket,
        ahead,
        waiting,
        held: decodeCurrentHolders(held),
        ...(take === "" ? {} : { take }),
        ...(aheadExpiresInMs < 0 ? {} : { aheadExpiresInMs }),
        ...(blockedForMs === 0 ? {} : { restarted: { agoMs: upForS * 1000, forMs: blockedForMs } }),
      };
    },

    // The script takes the copy that the queue rule leaves for this waiter at that moment,
    // regardless of the offer of the last heartbeat.
    async take(
      entry: QueueEntry,
      _copy: string | undefined,
      ttlMs: number,
    ): Promise<GrantedCopy | undefined> {
      const lock = await takeLock(keys(entry), ttlMs).catch((error: Error) => {
        throw unanswered(connection.shown, error);
      });
      if (lock === undefined) return undefined;
      const granted = (await connection.run(GRANT, keys(entry), [lock.value])) as
        | [copy: string, fence: string]
        | null;
      if (granted !== null) return { copy: granted[0], lock, fence: Number(granted[1]) };
      await lock.release().catch(() => {});
      return undefined;
    },

    async leave(entry) {
      await connection.run(LEAVE, keys(entry));
    },

    view: (rig) => viewRig(connection, namespace, rig),
    record: (copy) => readRecord(connection, namespace, copy),
    saveRecord: (lease, value) => saveRecord(connection, namespace, lease, value),
    dropRecord: (lease) => dropRecord(connection, namespace, lease),
    markUsed: (lease) => markUsed(connection, namespace, lease),
    lastUse: (copy) => lastUse(connection, namespace, copy),
    retain: (options) => retainLock(connection, namespace, options),
    revoke: (revocation) => revokeLease(connection, namespace, revocation),
    explainLoss: (lease) => explainLoss(connection, namespace, lease),
    close: () => connection.close(),
  };
}
