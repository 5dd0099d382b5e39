import type { Clock } from "../../../clock/clock.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import type { Fence } from "../../../driver/driver.ts";
import { encodeHolder } from "../../holder.ts";
import { keysOf, rigKeys, queueKeys } from "../../keys.ts";
import type { QueueEntry, GrantedCopy } from "../../lease-backend.ts";
import { lockPrimitive, type Lock, type VotedLock } from "../lock.ts";
import { now, msSince } from "../../dual-timestamp.ts";
import { EXTEND } from "../scripts.ts";
import { ACQUIRE, READ_FENCE, RELEASE, RESTORE, WRITE_FENCE } from "./scripts.ts";
import { successfulReplies, type Servers } from "./servers.ts";

/**
 * When most servers have released a lock, how long the others get before the next waiter is woken,
 * which should find all of them free. Also the maximum time for waking.
 */
const RELEASE_MS = 50;

/**
 * Wakes the next waiters for the copies that most servers have released, and for other free copies.
 */
export type Wake = (
  rig: { readonly rig: string; readonly copies: readonly string[] },
  released: readonly string[],
) => Promise<void>;

export interface CopyTakerOptions {
  readonly servers: Servers;
  readonly namespace: string;
  readonly clock: Clock;
  readonly wake: Wake;
}

/**
 * Returns a function that takes a copy in three steps, each with the votes of most servers. It
 * takes the lock, reads the largest fence among them, and writes a larger one where it still has
 * the lock. Any two majorities share a server: a later waiter sees the fence of an earlier one, or
 * has its own refused. A waiter that is paused between the steps, until the lock has another
 * holder, gets nothing.
 */
export function createCopyTaker(
  options: CopyTakerOptions,
): (entry: QueueEntry, copy: string, ttlMs: number) => Promise<GrantedCopy | undefined> {
  const { servers, namespace, clock } = options;
  const takeLock = lockPrimitive(servers.all, {
    acquire: ACQUIRE,
    extend: EXTEND,
    release: RELEASE,
  });

  return async ({ request, id, attempt, holder }, copy, ttlMs) => {
    const { rig } = request;
    const keys = queueKeys(namespace, { rig, copies: [copy] }, id, attempt);
    const sent = now(clock);
    const lock = await takeLock(keys, ttlMs).catch((error: Error) => {
      throw new VmrigError("REDIS_UNREACHABLE", {
        message: `Most Redis servers gave no answer: ${error.message}`,
      });
    });
    if (lock === undefined) return undefined;
    const who = encodeHolder(holder);
    const fence = await issueFence(servers, keys, { value: lock.value, who });
    if (fence === undefined) {
      await lock.release().catch(() => {});
      return undefined;
    }
    // The queue is one shorter now. Another waiter may be next for another copy.
    if (request.copies.length > 1) void options.wake(request, []);
    const restored = [lock.value, ttlMs, fence, who] as const;
    const restoreKeys = [
      ...rigKeys(namespace, rig, [copy]),
      keysOf(namespace, { rig, copy }).revoked,
    ];
    const restore = async (ended: () => boolean): Promise<void> => {
      const missing = await lock.refusals();
      if (ended()) return;
      await Promise.allSettled(
        missing.map((server) =>
          server.run(RESTORE, restoreKeys, [...restored, Math.round(msSince(sent, clock))]),
        ),
      );
    };
    return {
      copy,
      fence,
      lock: asLockOf(lock, { restore, wake: () => options.wake(request, [copy]), clock }),
    };
  };
}

/**
 * Writes the fence.
 *
 * @returns `undefined` when fewer than the majority wrote the fence: it may not be used then
 */
async function issueFence(
  servers: Servers,
  keys: readonly string[],
  { value, who }: { readonly value: string; readonly who: string },
): Promise<Fence | undefined> {
  const reads = await servers.poll(
    async (server) =>
      (await server.run(READ_FENCE, keys, [value])) as [fence: string, micros: string] | null,
    (ballots) =>
      successfulReplies(ballots).filter(({ answer }) => answer !== null).length >= servers.majority,
  );
  const seen = successfulReplies(reads).flatMap(({ answer }) => (answer === null ? [] : [answer]));
  if (seen.length < servers.majority) return undefined;
  const fence = Math.max(
    ...seen.map(([last]) => Number(last) + 1),
    ...seen.map(([, micros]) => Number(micros)),
  );
  const writes = await servers.poll(
    async (server) => (await server.run(WRITE_FENCE, keys, [value, fence, who])) === 1,
    (ballots) =>
      successfulReplies(ballots).filter(({ answer }) => answer).length >= servers.majority,
  );
  return successfulReplies(writes).filter(({ answer }) => answer).length >= servers.majority
    ? fence
    : undefined;
}

function asLockOf(
  lock: VotedLock,
  {
    restore,
    wake,
    clock,
  }: {
    readonly restore: (ended: () => boolean) => Promise<void>;
    readonly wake: () => Promise<void>;
    readonly clock: Clock;
  },
): Lock {
  let ended = false;
  return {
    value: lock.value,
    async extend(ttlMs) {
      const extended = await lock.extend(ttlMs);
      if (extended) void restore(() => ended);
      return extended;
    },
    async release() {
      ended = true;
      await lock.release();
      await briefly(lock.refusals(), clock);
      await briefly(wake(), clock);
    },
  };
}

async function briefly(work: Promise<unknown>, clock: Clock): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, clock.sleep(RELEASE_MS, over.signal)]);
  over.abort();
}
